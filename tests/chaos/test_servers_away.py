"""Kafka or MongoDB goes away in the middle of batches, and comes back."""

import time
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from tests.chaos.audit import audit
from tests.chaos.waiting import until
from tests.chaos.world import World

pytestmark = pytest.mark.slow

AWAY = 8.0  # seconds
RATE = 150  # events a second: what gathers meanwhile is applied in small batches
MOST_CPU = 0.1  # of one core, while there is nothing to do but to wait
MOST_LINES = 12  # in the time away, of all clients together

Outage = Callable[[World], None]


def mongodb_goes(world: World) -> None:
    world.mongo.kill()


def mongodb_returns(world: World) -> None:
    world.mongo.start()


def kafka_goes(world: World) -> None:
    world.kafka.kill()


def kafka_returns(world: World) -> None:
    world.kafka.start()


OUTAGES = {
    "mongodb": ([mongodb_goes], [mongodb_returns]),
    "kafka": ([kafka_goes], [kafka_returns]),
    "both": ([mongodb_goes, kafka_goes], [kafka_returns, mongodb_returns]),
}


@pytest.mark.parametrize("which", OUTAGES)
def test_the_consumer_waits_and_goes_on(world: World, which: str) -> None:
    go, come_back = OUTAGES[which]
    consumer = world.consumer("--batch", "50", *([] if world.kafka.real else ["--alone"]))
    with world.shoppers(rate=RATE) as shoppers:
        world.progress(0)
        applied = world.applied()
        with ExitStack() as returning:
            for outage in reversed(come_back):
                returning.callback(outage, world)
            for outage in go:
                outage(world)
            cpu, lines = waiting(world)
        back = time.monotonic()
        world.progress(applied, 60)
        recovered = time.monotonic() - back
    world.catch_up()
    print(f"\n{which} away for {AWAY} s: cpu {cpu:.2f}, {lines} lines, back in {recovered:.1f} s")
    found = audit(world, shoppers.acknowledged)
    assert found.clean, found
    assert consumer.code is None
    assert shoppers.refused == 0
    assert cpu < MOST_CPU
    assert lines < MOST_LINES, consumer.words


def waiting(world: World) -> tuple[float, int]:
    """Let the consumer wait; return the share of a core that it uses and the lines it writes."""
    consumer = world.processes[0]
    settled = time.monotonic() + 2
    until(lambda: time.monotonic() > settled, 3, "the outage is noticed")
    before, since = consumer.cpu(), time.monotonic()
    until(lambda: time.monotonic() > since + AWAY, AWAY + 1, "the outage is over")
    return (consumer.cpu() - before) / (time.monotonic() - since), consumer.words.count("\n")


def test_mongodb_killed_again_and_again(world: World) -> None:
    consumer = world.consumer("--batch", "50", *([] if world.kafka.real else ["--alone"]))
    delays = []
    with world.shoppers(rate=RATE) as shoppers:
        for _ in range(5):
            world.progress(world.applied() + 50)
            world.mongo.kill()
            world.mongo.start()
            back = time.monotonic()
            world.progress(world.applied())
            delays.append(time.monotonic() - back)
    world.catch_up()
    print(f"\nMongoDB killed 5 times, back in {max(delays):.1f} s at most")
    found = audit(world, shoppers.acknowledged)
    assert found.clean, found
    assert consumer.code is None
