"""The benches measure what they say, and the contenders write the same."""

import time
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from django.test import Client

from benchmarks import (
    asking,
    latency,
    load,
    loops,
    past,
    plot,
    report,
    servers,
    sizes,
    stage,
    workload,
)
from benchmarks.measuring import Meter, in_turn, percentile, ratios, spread
from benchmarks.report import Row, Table
from benchmarks.sizes import Size
from customers.models import Customer, Purchase
from kafka_bridge.models import Receipt
from kafka_bridge.mongo import database
from tests import services
from tests.conftest import Consume

EVENTS = 300


@pytest.fixture(autouse=True)
def same_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    """Benches create their topics on the suite's Kafka."""
    monkeypatch.setattr(servers, "cluster", services.cluster)


def written(table: str) -> list[dict[str, Any]]:
    """What stands in a table, but for when it was written."""
    found = database()[table].find({}, {"applied_at": 0}).sort("_id", 1)
    return list(found)


def applied(topic: str, apply: Callable[[], Meter]) -> list[list[dict[str, Any]]]:
    with stage.empty_shop(topic):
        stage.stock(workload.products())
        apply()
        return [written(model._meta.db_table) for model in (Purchase, Receipt)]


@pytest.mark.usefixtures("db")
def test_the_bare_loop_writes_what_the_shop_writes() -> None:
    topic = stage.filled("same", workload.purchases(EVENTS, customers=10))
    purchases, receipts = applied(topic, loops.shop)
    assert len(purchases) == len(receipts) == EVENTS
    assert applied(topic, loops.bare) == [purchases, receipts]


@pytest.mark.usefixtures("db")
def test_every_event_of_the_mixture_has_its_effect() -> None:
    topic = stage.filled("mixed", workload.mixed(EVENTS))
    _, receipts = applied(topic, loops.shop)
    assert [receipt["status"] for receipt in receipts] == ["applied"] * EVENTS


@pytest.mark.usefixtures("db")
def test_one_by_one_fills_the_lists_of_its_customers() -> None:
    topic = stage.filled("few", workload.purchases(40, customers=4))
    with stage.empty_shop(topic):
        customers = [{"_id": workload.buyer(number), "purchases": []} for number in range(4)]
        database()[Customer._meta.db_table].insert_many(customers)
        loops.one_by_one(awaited=False)
        kept = written(Customer._meta.db_table)
    assert [len(customer["purchases"]) for customer in kept] == [10] * 4


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("name", ["shop", "bare"])
def test_a_wait_ends_with_the_receipt(name: str) -> None:
    assert all(wait > 0 for wait in latency.waits(name, 2))


@pytest.mark.usefixtures("db")
def test_a_past_looks_as_the_shop_leaves_it() -> None:
    topic = stage.filled("past", workload.purchases(5, customers=1))
    [purchase, *_], [receipt, *_] = applied(topic, loops.shop)
    assert next(past.purchases(1, 1)).document.keys() == purchase.keys()
    assert next(past.receipts(1)).document.keys() == {*receipt, "applied_at"}
    for change in (*past.customers(1), *past.dead_letters(1)):
        fields = {field.column for field in change.model._meta.get_fields() if field.concrete}
        assert change.document.keys() == fields


@pytest.mark.usefixtures("db")
def test_filling_ends_when_it_is_time() -> None:
    assert stage.stock(past.receipts(3000), until=time.monotonic()) == 0
    assert stage.stock(past.receipts(1500)) == 1500


@pytest.mark.usefixtures("db")
def test_what_is_asked_is_known_with_its_plan() -> None:
    stage.stock(past.receipts(20))
    with asking.asked() as commands:
        list(Receipt.objects.order_by("-applied_at")[:3])
        Receipt.objects.filter(source="/nowhere").first()
    by_index, by_scan = (asking.plan(command) for command in commands)
    assert by_index is not None
    assert "IXSCAN" in by_index.stages
    assert by_scan is not None
    assert by_scan.examined == 20
    assert asking.plan({"ping": 1}) is None


def test_nobody_hears_what_is_asked_outside() -> None:
    with asking.asked() as commands:
        pass
    assert commands == []


@pytest.mark.parametrize(
    ("size", "seconds", "events"),
    [
        (Size.QUICK, 10, 4_000),
        (Size.USUAL, 10, 10_000),
        (Size.USUAL, 0.1, sizes.PILOT),
        (Size.USUAL, 1000, 50_000),
        (Size.FULL, 10, 50_000),
    ],
)
def test_sizes_follow_the_server(
    size: Size, seconds: float, events: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sizes, "pace", lambda: 1000)
    assert size.events(seconds, full=50_000) == events


def test_the_shop_takes_the_forms_of_the_load(topic: str, db: None, consume: Consume) -> None:
    stage.stock(workload.products())
    stage.stock(past.customers(1))
    buyer = load.Buyer(port=0, number=0)
    browser = Client(enforce_csrf_checks=True)
    browser.cookies.load(buyer.cookies)
    answer = browser.post(*buyer.form(7))
    assert answer.status_code == 302
    assert consume() == 1
    assert Purchase.objects.get().product_id == workload.product_id(7)


@pytest.mark.parametrize(
    ("answers", "in_time"),
    [
        ([load.Answer(10, "/")], True),
        ([load.Answer(load.LATEST + 1, "/")], False),
        ([load.Answer(10, "/"), load.Answer(10, None)], False),
    ],
)
def test_an_error_is_never_in_time(answers: list[load.Answer], in_time: bool) -> None:
    assert load._in_time(answers) is in_time


def test_a_meter_measures_the_work_and_not_the_beginning() -> None:
    class Slow:
        applied = 0

    counted = Slow()
    with Meter(counted) as meter:
        time.sleep(0.3)
        for _ in range(20):
            counted.applied += 10
            time.sleep(0.02)
    assert 200 < meter.rate() <= 510


def test_things_are_measured_in_turn_and_then_the_other_way_round() -> None:
    order: list[str] = []

    def told(name: str) -> Callable[[], float]:
        return lambda: order.append(name) or 1.0  # type: ignore[func-returns-value]

    in_turn({"a": told("a"), "b": told("b")}, 3)
    assert order == ["a", "b", "b", "a", "a", "b"]


def test_ratios_are_of_the_same_round() -> None:
    assert ratios([2, 9, 8], [1, 3, 2]) == (3, 2, 4)


def test_percentiles() -> None:
    assert percentile([3.0, 1.0, 2.0, 4.0], 0.5) == 3.0
    assert percentile([3.0, 1.0, 2.0, 4.0], 0.99) == 4.0


@pytest.mark.parametrize(
    ("measured", "at_most", "kept", "far_off"),
    [
        ([0.9, 1.0], False, True, False),
        ([0.8, 0.85], False, False, False),
        ([0.3, 0.4], False, False, True),
        ([0.8, 0.85], True, True, False),
        ([1.0, 1.1], True, False, False),
        ([2.0, 2.1], True, False, True),
    ],
)
def test_a_goal_is_kept_missed_or_far_off(
    measured: list[float], at_most: bool, kept: bool, far_off: bool
) -> None:
    row = Row("shop", "bare", spread(measured), 0.9, (), at_most)
    assert (row.kept, row.far_off) == (kept, far_off)


def test_a_missed_goal_is_told() -> None:
    row = Row("shop", "bare", spread([0.5]), 0.9, (spread([500.0]), spread([1000.0])))
    assert report.markdown(Table("speed", "events/s", [row])).splitlines()[-1] == (
        "| shop | bare | 0.5 (0.5 to 0.5) | ≥ 0.9 (missed) "
        "| 500 (500 to 500) | 1,000 (1,000 to 1,000) |"
    )


def test_the_plot_has_a_line_for_each_curve() -> None:
    drawn = plot.svg({"shop": [(10, 50), (1000, 52)], "one by one": [(10, 900), (1000, 4000)]})
    lines = ET.fromstring(drawn).findall("{http://www.w3.org/2000/svg}polyline")
    assert [len(line.attrib["points"].split()) for line in lines] == [2, 2]
