"""What the engine asks, and that it finds the same."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db.models import Count, F, Q

from benchmarks import past, stage
from benchmarks.asking import asked
from kafka_bridge.models import Receipt
from shopsite.engine.compiler import flat

LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({}, {}),
        ({"a": 1}, {"a": 1}),
        ({"$and": [{"a": 1}, {"b": 2}]}, {"a": 1, "b": 2}),
        ({"$and": [{"a": {"$gte": 1}}, {"a": {"$lt": 2}}]}, {"a": {"$gte": 1, "$lt": 2}}),
        ({"$and": [{"$and": [{"a": 1}, {"b": 2}]}, {"c": 3}]}, {"a": 1, "b": 2, "c": 3}),
        ({"$and": [{"a": 1}, {"$or": [{"b": 2}]}]}, {"a": 1, "$or": [{"b": 2}]}),
    ],
)
def test_what_can_be_said_without_and_is(condition: Any, expected: Any) -> None:
    assert flat(condition) == expected


@pytest.mark.parametrize(
    "parts",
    [
        [{"a": 1}, {"a": 2}],
        [{"a": {"$gt": 1}}, {"a": {"$gt": 2}}],
        [{"a": {"$gt": 1}}, {"a": 2}],
        [{"a": {"$gt": 1}}, {"a": {}}],
        [{"a": {"$gt": 1}}, {"a": {"plain": 1}}],
        [{"$or": [{"a": 1}]}, {"$or": [{"b": 1}]}],
        [{"$expr": {"$eq": ["$a", 1]}}, {"$expr": {"$gt": ["$b", 1]}}],
    ],
)
def test_what_cannot_is_left_as_it_is(parts: Any) -> None:
    assert flat({"$and": parts}) == {"$and": parts}


@pytest.fixture
def receipts(db: None) -> list[str]:
    """Some receipts; their ids in the order of their time."""
    stage.stock(past.receipts(60))
    return [receipt.pk for receipt in sorted(Receipt.objects.all(), key=lambda r: r.applied_at)]


def test_a_page_is_found_in_order(receipts: list[str]) -> None:
    start = Receipt.objects.get(pk=receipts[10]).applied_at
    with asked() as commands:
        page = Receipt.objects.filter(applied_at__gte=start, applied_at__lt=start + timedelta(30))
        found = [one.pk for one in page.order_by("-applied_at")[5:15]]
    assert found == receipts[::-1][5:15]
    [command] = commands
    assert (command["find"], command["skip"], command["limit"]) == ("kafka_bridge_receipt", 5, 10)
    assert command["filter"]["applied_at"].keys() == {"$gte", "$lt"}


def test_fields_that_are_left_out_are_not_loaded(receipts: list[str]) -> None:
    with asked() as commands:
        [one] = Receipt.objects.only("status").order_by("-applied_at")[:1]
    assert one.pk == receipts[-1]
    assert commands[0]["projection"] == {"_id": 1, "status": 1, "applied_at": 1}
    assert one.key.startswith("product-")
    assert "detail" not in Receipt.objects.defer("detail")[0].__dict__


def test_many_come_in_batches_and_all_of_them(receipts: list[str]) -> None:
    found = Receipt.objects.order_by("applied_at").values_list("pk", flat=True)
    assert list(found) == receipts
    assert list(found[:0]) == []
    assert list(found[20:]) == receipts[20:]


def test_other_questions_are_answered_too(receipts: list[str]) -> None:
    by_status = Receipt.objects.values("status").annotate(number=Count("pk")).order_by("status")
    assert [tuple(one.values()) for one in by_status] == [("applied", 54), ("rejected", 6)]
    assert set(Receipt.objects.values_list("status", flat=True).distinct()) == {
        "applied",
        "rejected",
    }
    later = Receipt.objects.annotate(next=F("offset") + 1).order_by("-next")[:1]
    assert [one.next for one in later] == [60]
    assert Receipt.objects.filter(Q(status="rejected") | Q(offset=7)).count() == 7
    assert not Receipt.objects.filter(applied_at__lt=LONG_AGO).exists()
    assert Receipt.objects.none().first() is None
    [last] = Receipt.objects.order_by(F("reason").desc(nulls_last=True))[:1]
    assert last.reason


STARTING = """
import ctypes.util

def find_library(name):
    raise AssertionError(f"{name} was looked for")

ctypes.util.find_library = find_library

import django

django.setup()
"""


def test_a_start_looks_for_no_maps() -> None:
    """Looking for GDAL took three quarters of a second of each command."""
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "shopsite.settings"}
    subprocess.run([sys.executable, "-c", STARTING], check=True, env=environment)
