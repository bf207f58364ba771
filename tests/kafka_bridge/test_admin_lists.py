"""Long lists of the admin: how deep they lead, and how they are narrowed by date."""

import re
from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from benchmarks import past, stage
from kafka_bridge import admin_lists
from kafka_bridge.models import Receipt
from kafka_bridge.mongo import database
from tests.operators import log_in

RECEIPTS = "/admin/kafka_bridge/receipt/"
ENDS = "The list ends here"


@pytest.fixture
def ewa(db: None) -> Client:
    """An operator's browser before a list of more than one page."""
    stage.stock(past.receipts(130))
    return log_in()


def move_the_first(moment: datetime) -> None:
    """Have the first receipt come of another time."""
    first = Receipt.objects.order_by("applied_at")[0].pk
    database()[Receipt._meta.db_table].update_one({"_id": first}, {"$set": {"applied_at": moment}})


def dates(page: Any) -> list[str]:
    """Return the titles of the dates that a page offers."""
    return [choice.title for choice in page.context["cl"].dates.choices]


def links(page: Any) -> dict[str, str]:
    """Return where the dates of a page lead to."""
    found = re.findall(r'<a href="\?([^"]*applied_at__[^"]*)">([^<]+)</a>', page.content.decode())
    return {title: query.replace("&amp;", "&") for query, title in found}


def test_a_short_list_leads_to_its_end(ewa: Client) -> None:
    assert len(ewa.get(f"{RECEIPTS}?p=2").context["cl"].result_list) == 30
    assert ENDS not in ewa.get(RECEIPTS).content.decode()
    rejected = ewa.get(f"{RECEIPTS}?status__exact=rejected")
    assert rejected.context["cl"].result_count == 13


@pytest.mark.parametrize(("query", "counted"), [("", 260), ("status__exact=applied", 120)])
def test_a_long_list_says_that_it_ends(
    ewa: Client, query: str, counted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin_lists, "DEEPEST", 120)
    stage.stock(past.receipts(130))
    first = ewa.get(f"{RECEIPTS}?{query}")
    assert first.context["cl"].result_count == counted
    assert first.context["cl"].paginator.num_pages == 2
    assert ENDS not in first.content.decode()
    last = ewa.get(f"{RECEIPTS}?{query}&p=2")
    assert last.context["cl"].result_list
    assert ENDS in last.content.decode()
    assert ewa.get(f"{RECEIPTS}?{query}&p=3", follow=True).redirect_chain


def test_dates_lead_from_years_to_days_and_back(ewa: Client) -> None:
    today = timezone.localdate()
    move_the_first(datetime(today.year - 2, 3, 5, 12, tzinfo=timezone.get_current_timezone()))
    page = ewa.get(RECEIPTS)
    assert dates(page) == [str(today.year - 2), str(today.year - 1), str(today.year)]
    year = ewa.get(f"{RECEIPTS}?{links(page)[str(today.year - 2)]}")
    assert len(dates(year)) == 12
    march = ewa.get(f"{RECEIPTS}?{links(year)[f'March {today.year - 2}']}")
    assert (len(dates(march)), march.context["cl"].dates.back.title) == (31, str(today.year - 2))
    day = ewa.get(f"{RECEIPTS}?{links(march)['March 5']}")
    assert len(day.context["cl"].result_list) == 1
    assert dates(day) == ["March 5"]
    assert year.context["cl"].dates.back.title == "All dates"


def test_dates_begin_where_documents_differ(ewa: Client) -> None:
    today = timezone.localdate()
    assert len(dates(ewa.get(RECEIPTS))) in (1, 2)
    assert str(today.day) in dates(ewa.get(RECEIPTS))[-1]
    assert dates(ewa.get(f"{RECEIPTS}?applied_at__year={today.year + 1}")) == []


def test_no_dates_of_nothing_nor_of_a_search(ewa: Client) -> None:
    assert ewa.get(f"{RECEIPTS}?q=milk").context["cl"].dates is None
    database()[Receipt._meta.db_table].delete_many({})
    assert ewa.get(RECEIPTS).context["cl"].dates is None


def test_a_column_that_no_index_orders_is_not_sorted_by(ewa: Client) -> None:
    by_type = ewa.get(f"{RECEIPTS}?o=1").context["cl"].queryset
    assert by_type.query.order_by == ("-pk",)
