"""What it costs that a producer has one request under way, where librdkafka would have five."""

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from benchmarks import stage, workload
from benchmarks.measuring import in_turn, ratios, spread
from benchmarks.report import Row, Table
from benchmarks.sizes import Size
from kafka_bridge import clients
from kafka_bridge.envelope import Message
from kafka_bridge.publisher import Publisher

UNDER_WAY = "max.in.flight.requests.per.connection"
AT_ONCE = 16  # threads of a web process


def run(size: Size) -> Table:
    """Compare the shop's setting with librdkafka's, for pages and in bulk."""
    made = list(workload.purchases(size.of(10_000, 100_000, 500_000), customers=1000))
    rows = [
        _row(f"{AT_ONCE} forms at once", partial(_pages, size.of(1_000, 5_000, 20_000))),
        _row("in bulk", partial(_bulk, made)),
    ]
    return Table("one request under way", "acknowledged/s", rows)


def _row(name: str, measure: "partial[float]") -> Row:
    found = in_turn({"one": partial(measure, 1), "five": partial(measure, 5)}, 3)
    told = spread(found["one"]), spread(found["five"])
    return Row(name, "five requests", ratios(found["one"], found["five"]), None, told)


def _pages(amount: int, under_way: int) -> float:
    """Publish events from many threads, each of which waits for its acknowledgement."""
    with stage.log(stage.new_topic("publishing")):
        publisher = Publisher(clients.web_producer() | {UNDER_WAY: under_way})
        for number in range(workload.PRODUCTS):  # each partition has its leader
            publisher.publish(workload.bought(number))
        start = time.perf_counter()
        with ThreadPoolExecutor(AT_ONCE) as threads:
            list(threads.map(lambda n: publisher.publish(workload.bought(n)), range(amount)))
        took = time.perf_counter() - start
        publisher.close()
    return amount / took


def _bulk(made: list[Message], under_way: int) -> float:
    topic = stage.new_topic("publishing")
    start = time.perf_counter()
    return stage.fill(topic, made, **{UNDER_WAY: under_way}) / (time.perf_counter() - start)
