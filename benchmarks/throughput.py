"""How many events a second the consumer applies, beside the bare loop and one by one."""

from collections.abc import Callable, Sequence

from benchmarks import loops, servers, stage, workload
from benchmarks.measuring import Meter, Spread, in_turn, ratios, spread
from benchmarks.report import Row, Table
from benchmarks.sizes import Size
from customers.models import Customer
from kafka_bridge.mongo import database

UNSURE = "one by one, commits not awaited"
ROUNDS = 3


def run(size: Size) -> Table:
    """Compare the shop's consumer with the bare loop, one by one, and other events."""
    events, few = size.events(4, 60_000), size.of(60, 150, 1_500)
    lists = (10,) if size is Size.QUICK else (10, 1_000)
    things = _others(events, few) if size is not Size.QUICK else {}
    pure = stage.filled("purchases", workload.purchases(events, customers=1000))
    single = stage.filled("few", workload.purchases(few, customers=50))
    things |= {"shop": applying(pure, loops.shop), "bare": applying(pure, loops.bare)}
    things |= {one_by_one(held): singly(single, held) for held in lists}
    mixed = stage.filled("mixed", workload.mixed(events))
    found = in_turn(things | {"mixed": applying(mixed, loops.shop)}, ROUNDS)
    return Table("throughput", "events/s", _rows(found, lists))


def _others(events: int, few: int) -> dict[str, Callable[[], float]]:
    """Return what is told beside the rest, but too far from breaking to be checked each time."""
    hot = stage.filled("hot", workload.purchases(events, customers=1000, hot=0.5))
    single = stage.filled("few", workload.purchases(few, customers=50))
    return {"hot": applying(hot, loops.shop), UNSURE: singly(single, 10, awaited=False)}


def _rows(found: dict[str, list[float]], lists: Sequence[int]) -> list[Row]:
    def row(name: str, base: str, goal: float | None) -> Row:
        return Row(name, base, ratios(found[name], found[base]), goal, _told(found, name, base))

    # The embedded server's own cost of each document outweighs what is saved on round trips.
    goals = {} if servers.embedded else {10: 30.0, 1_000: 100.0}
    rows = [row("shop", "bare", 0.9)]
    rows += [row("shop", one_by_one(held), goals.get(held)) for held in lists]
    rows.append(row("mixed", "shop", 0.7))
    more = [row("shop", UNSURE, None), row("hot", "shop", 0.7)] if "hot" in found else []
    return rows + more


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
