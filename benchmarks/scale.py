"""Several consumers on one topic, and how fast `seed` publishes."""

import io
import os
import time
from contextlib import ExitStack
from itertools import islice
from statistics import median
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.management import call_command

from benchmarks import processes, stage, workload
from benchmarks.measuring import Meter, in_turn, ratios, spread
from benchmarks.report import Row, Table
from benchmarks.sizes import Size
from customers.seeding import Amounts, Seeding
from kafka_bridge.envelope import Message, encode

MOST_MADE = 100_000  # events that the bare producer has ready


class Found(NamedTuple):
    """What one run of several consumers gave: events a second, and cores kept busy meanwhile."""

    rate: float
    ours: float
    others: float


def run(size: Size) -> Table:
    """Compare one consumer process with two and four, as members of one group."""
    made = list(workload.purchases(size.events(3, 120_000), customers=1000))
    numbers = (1, 2) if size is Size.QUICK else (1, 2, 4)
    found: dict[int, list[Found]] = {number: [] for number in numbers}
    for _ in range(3):
        for number, several in found.items():
            several.append(_applied_by(number, made))
    rates = {number: [one.rate for one in several] for number, several in found.items()}
    notes = tuple(_cores(number, several) for number, several in found.items())
    rows = [_beside_one(number, rates) for number in numbers[1:]]
    return Table("scale-out on 6 partitions", "events/s", rows, notes)


def _beside_one(number: int, rates: dict[int, list[float]]) -> Row:
    told = spread(rates[number]), spread(rates[1])
    return Row(f"{number} consumers", "1 consumer", ratios(rates[number], rates[1]), None, told)


def _cores(number: int, found: list[Found]) -> str:
    ours, others = (median(one) for one in zip(*((f.ours, f.others) for f in found), strict=True))
    return (
        f"Cores kept busy by {number} of them: {ours:.2f}; by the servers and all else: "
        f"{others:.2f} of {os.cpu_count()}."
    )


def _applied_by(number: int, made: list[Message]) -> Found:
    """Fill a topic that so many consumers share, and have them apply it."""
    with stage.empty_shop(stage.new_topic("scale")), ExitStack() as running:
        stage.stock(workload.products())
        consumers = [running.enter_context(processes.manage("consume")) for _ in range(number)]
        processes.wait_until(lambda: len(processes.consumers()) == number)
        with Meter(processes.Stored()) as meter, processes.Cores(consumers) as cores:
            stage.fill(settings.KAFKA_TOPIC, made)
            processes.wait_until(lambda: processes.applied() == len(made))
        # Not while the topic is still being filled, nor when some have nothing left to do.
        return Found(meter.rate(0.3, 0.9), cores.theirs, cores.others)


def seed(size: Size) -> Table:
    """Compare `seed` with a bare producer loop that sends the same events, made beforehand."""
    amounts = Amounts(200, 50, size.of(10_000, 200_000, 1_000_000))

    def seeding() -> float:
        with stage.log(stage.new_topic("seed")):
            start = time.perf_counter()
            call_command("seed", **amounts._asdict(), random_seed=1, stdout=io.StringIO())
            return sum(amounts) / (time.perf_counter() - start)

    events = Seeding(1, amounts, make_password("seed")).events()
    made = [encode(event) for event in islice(events, MOST_MADE)]

    def bare() -> float:
        topic = stage.new_topic("seed")
        start = time.perf_counter()
        return stage.fill(topic, made) / (time.perf_counter() - start)

    found = in_turn({"seed": seeding, "bare": bare}, 3)
    told = spread(found["seed"]), spread(found["bare"])
    rows = [Row("seed", "bare producer", ratios(found["seed"], found["bare"]), 0.5, told)]
    rows += [_memory(amounts)] if size is Size.FULL else []
    return Table(f"seed of {sum(amounts):,} events", "events/s", rows)


def _memory(amounts: Amounts) -> Row:
    """Compare the memory that `seed` holds near its end with that at 30%, by time."""
    wanted = [f"--{name}={number}" for name, number in amounts._asdict().items()]
    held: list[float] = []
    with (
        stage.log(stage.new_topic("seed")),
        processes.manage("seed", "--random-seed=1", *wanted) as process,
    ):
        while process.poll() is None:
            held.append(processes.memory_of(process))
            time.sleep(0.1)
    early, late = max(held[: len(held) * 3 // 10]), max(held[len(held) * 7 // 10 :])
    told = spread([late]), spread([early])
    return Row("memory at the end, MB", "at 30%", spread([late / early]), 1.1, told, at_most=True)
