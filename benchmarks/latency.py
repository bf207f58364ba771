"""How long an event takes from its publishing until its receipt can be read, on an idle shop."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

from benchmarks import loops, stage, workload
from benchmarks.measuring import percentile, ratios, spread
from benchmarks.report import Row, Table
from benchmarks.sizes import Size
from kafka_bridge import clients, publisher
from kafka_bridge.consumer import Consumer
from kafka_bridge.models import Receipt
from kafka_bridge.mongo import database

LOOKED_EVERY = 0.0005  # seconds
GIVEN_UP = 30.0  # seconds


def run(size: Size) -> Table:
    """Compare the shop's consumer with the bare loop, both beside the one who publishes."""
    amount = size.of(60, 300, 1000)
    found: dict[str, list[list[float]]] = {"shop": [], "bare": []}
    for _ in range(3):
        for name, one in found.items():
            one.append(waits(name, amount))
    return Table("publish to receipt, idle", "ms", [_row(found, 0.5, 1.5), _row(found, 0.99, 2.0)])


def _row(found: dict[str, list[list[float]]], share: float, goal: float) -> Row:
    ours, base = ([percentile(one, share) for one in found[name]] for name in ("shop", "bare"))
    told = spread(ours), spread(base)
    name = f"p{100 * share:.0f}"
    return Row(f"shop, {name}", f"bare, {name}", ratios(ours, base), goal, told, at_most=True)


def waits(name: str, amount: int) -> list[float]:
    """Return the milliseconds that each of so many events waited for its receipt."""
    with stage.empty_shop(stage.new_topic("latency")):
        stage.stock(workload.products())
        with _consuming(name):
            _wait()  # until the consumer has begun
            return [_wait() for _ in range(amount)]


@contextmanager
def _consuming(name: str) -> Iterator[None]:
    consumer: Any = None

    def consume() -> None:
        nonlocal consumer
        if name == "shop":
            consumer = Consumer(instance=None, batch=1000)
        else:
            consumer = loops.Loop(clients.reader(), loops.Bare().apply, 1000, endless=True)
        consumer.run()

    thread = threading.Thread(target=consume)
    thread.start()
    try:
        yield
    finally:
        consumer.stopping = True
        thread.join()


_chance = Random(7)  # noqa: S311  nothing secret about it


def _wait() -> float:
    """Publish a purchase; return the milliseconds until its receipt is there."""
    time.sleep(_chance.uniform(0.002, 0.02))
    event = workload.bought()
    receipts = database()[Receipt._meta.db_table]
    start = time.perf_counter()
    publisher.publish(event)
    while receipts.find_one({"_id": event.id}) is None:
        if time.perf_counter() - start > GIVEN_UP:
            raise TimeoutError(f"no receipt within {GIVEN_UP:.0f} s")
        time.sleep(LOOKED_EVERY)
    return 1000 * (time.perf_counter() - start)
