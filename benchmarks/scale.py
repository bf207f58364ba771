"""Several consumers on one topic, and how fast `seed` publishes."""

import io
import time
from contextlib import ExitStack

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.management import call_command

from benchmarks import processes, stage, workload
from benchmarks.measuring import Meter, in_turn, ratios, spread
from benchmarks.report import Row, Table
from customers.seeding import Amounts, Seeding
from kafka_bridge.envelope import Message, encode


def run(quick: bool) -> Table:
    """Compare one consumer process with two and four, as members of one group."""
    total = 40_000 if quick else 120_000
    made = list(workload.purchases(total, customers=1000))
    numbers = (1, 2) if quick else (1, 2, 4)
    found = in_turn({str(n): lambda n=n: _rate(made, n) for n in numbers}, 3)  # type: ignore[misc]
    rows = [
        Row(
            f"{number} consumers",
            "1 consumer",
            ratios(found[str(number)], found["1"]),
            None,
            (spread(found[str(number)]), spread(found["1"])),
        )
        for number in numbers[1:]
    ]
    return Table("scale-out on 6 partitions", "events/s", rows)


def _rate(made: list[Message], number: int) -> float:
    with stage.empty_shop(stage.new_topic("scale")), ExitStack() as running:
        stage.stock(workload.products())
        for _ in range(number):
            running.enter_context(processes.manage("consume"))
        processes.wait_until(lambda: len(processes.consumers()) == number)
        with Meter(processes.Stored()) as meter:
            stage.fill(settings.KAFKA_TOPIC, made)
            processes.wait_until(lambda: processes.applied() == len(made))
        # Not while the topic is still being filled, nor when some have nothing left to do.
        return meter.rate(0.3, 0.9)


def seed(quick: bool) -> Table:
    """Compare `seed` with a bare producer loop that sends the same events, made beforehand."""
    amounts = Amounts(200, 50, 5_000 if quick else 50_000)

    def seeding() -> float:
        with stage.log(stage.new_topic("seed")):
            start = time.perf_counter()
            call_command("seed", **amounts._asdict(), random_seed=1, stdout=io.StringIO())
            return sum(amounts) / (time.perf_counter() - start)

    made = [encode(event) for event in Seeding(1, amounts, make_password("seed")).events()]

    def bare() -> float:
        topic = stage.new_topic("seed")
        start = time.perf_counter()
        return stage.fill(topic, made) / (time.perf_counter() - start)

    found = in_turn({"seed": seeding, "bare": bare}, 3)
    told = spread(found["seed"]), spread(found["bare"])
    row = Row("seed", "bare producer", ratios(found["seed"], found["bare"]), 0.5, told)
    return Table(f"seed of {sum(amounts):,} events", "events/s", [row])
