"""Reading a long log: our settings beside librdkafka's defaults, and building all anew from it."""

import io
import time

from django.core.management import call_command

from benchmarks import loops, stage, workload
from benchmarks.measuring import in_turn, ratios, spread
from benchmarks.report import Row, Table
from benchmarks.sizes import Size
from benchmarks.throughput import applying
from kafka_bridge import clients


def run(size: Size) -> Table:
    """Compare consuming and decoding; a quick log is too short for the settings to matter."""
    total = size.of(60_000, 600_000, 600_000)
    topic = stage.filled("long", workload.purchases(total, customers=1000))
    common = clients.common() | {"group.id": "bench", "auto.offset.reset": "earliest"}

    def reading(config: loops.Setting) -> float:
        with stage.log(topic):
            return loops.reading(config).rate()

    found = in_turn(
        {"ours": lambda: reading(clients.reader()), "defaults": lambda: reading(common)}, 3
    )
    told = spread(found["ours"]), spread(found["defaults"])
    ratio = ratios(found["ours"], found["defaults"])
    goal = None if size is Size.QUICK else 3.0
    row = Row("consume and decode", "librdkafka's defaults", ratio, goal, told)
    return Table(f"catching up on {total:,} events", "events/s", [row])


def replay(size: Size) -> Table:
    """Build everything from the log, with all that belongs to it, beside the bare loop."""
    total = size.events(8, 1_000_000)
    products = [workload.added(number) for number in range(workload.PRODUCTS)]
    bought = list(workload.purchases(total, customers=1000))
    whole = stage.filled("replay", [*products, *bought])
    purchases = stage.filled("purchases", bought)

    def again() -> float:
        with stage.empty_shop(whole):
            start = time.perf_counter()
            call_command("rebuild", yes=True, stdout=io.StringIO())
            return total / (time.perf_counter() - start)

    found = in_turn({"rebuild": again, "bare": applying(purchases, loops.bare)}, 3)
    told = spread(found["rebuild"]), spread(found["bare"])
    row = Row("rebuild", "bare loop", ratios(found["rebuild"], found["bare"]), None, told)
    return Table(f"replay of {total:,} events", "events/s", [row])
