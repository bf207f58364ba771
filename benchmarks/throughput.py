"""How many events a second the consumer applies, beside the bare loop and one by one."""

from collections.abc import Callable
from typing import NamedTuple

from benchmarks import loops, servers, stage, workload
from benchmarks.measuring import Meter, Spread, in_turn, ratios, spread
from benchmarks.report import Row, Table
from customers.models import Customer
from kafka_bridge.mongo import database


class Sizes(NamedTuple):
    """How many events each contender applies, how many one by one, and how often."""

    events: int = 60_000
    singly: int = 1_500
    rounds: int = 3
    lists: tuple[int, ...] = (10, 1_000)


UNSURE = "one by one, commits not awaited"
QUICK = Sizes(events=4_000, singly=120, rounds=3, lists=(10,))


def run(quick: bool) -> Table:
    """Compare the shop's consumer with the bare loop, one by one, and other events."""
    sizes = QUICK if quick else Sizes()
    pure = stage.filled("purchases", workload.purchases(sizes.events, customers=1000))
    hot = stage.filled("hot", workload.purchases(sizes.events, customers=1000, hot=0.5))
    mixed = stage.filled("mixed", workload.mixed(sizes.events))
    few = stage.filled("few", workload.purchases(sizes.singly, customers=50))
    things = {
        "shop": applying(pure, loops.shop),
        "bare": applying(pure, loops.bare),
        "hot": applying(hot, loops.shop),
        "mixed": applying(mixed, loops.shop),
        UNSURE: singly(few, 10, awaited=False),
    } | {one_by_one(held): singly(few, held) for held in sizes.lists}
    found = in_turn(things, sizes.rounds)
    return Table("throughput", "events/s", _rows(found, sizes))


def _rows(found: dict[str, list[float]], sizes: Sizes) -> list[Row]:
    def row(name: str, base: str, goal: float | None) -> Row:
        return Row(name, base, ratios(found[name], found[base]), goal, _told(found, name, base))

    # The embedded server's own cost of each document outweighs what is saved on round trips.
    goals = {} if servers.embedded else {10: 30.0, 1_000: 100.0}
    return [
        row("shop", "bare", 0.9),
        *(row("shop", one_by_one(held), goals.get(held)) for held in sizes.lists),
        row("shop", UNSURE, None),
        row("mixed", "shop", 0.7),
        row("hot", "shop", 0.7),
    ]


def _told(found: dict[str, list[float]], *names: str) -> tuple[Spread, ...]:
    return tuple(spread(found[name]) for name in names)


def applying(topic: str, apply: Callable[[], Meter]) -> Callable[[], float]:
    """Return how to measure events a second of a contender."""

    def measured() -> float:
        with stage.empty_shop(topic):
            stage.stock(workload.products())
            return apply().rate()

    return measured


def one_by_one(held: int) -> str:
    """Return the name of that contender."""
    return f"one by one, {held:,} a customer"


def singly(topic: str, held: int, awaited: bool = True) -> Callable[[], float]:
    """Apply one by one, where each customer's list has so many purchases already."""

    def measured() -> float:
        with stage.empty_shop(topic):
            bought = {"product_id": workload.product_id(0), "price": "4.90", "quantity": 2}
            ids = [workload.buyer(number) for number in range(50)]
            customers = [{"_id": one, "purchases": [bought] * held} for one in ids]
            database()[Customer._meta.db_table].insert_many(customers)
            return loops.one_by_one(awaited).rate()

    return measured
