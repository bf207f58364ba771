"""kill -9 at any instant, and wires that are cut: every event has its effect exactly once."""

import random
import signal
import time
from collections.abc import Iterator
from statistics import median

import pytest

from tests.chaos.audit import audit
from tests.chaos.proxy import Moment, Proxy
from tests.chaos.waiting import until
from tests.chaos.world import World

pytestmark = pytest.mark.slow

KILLS = 26  # on each Kafka, so more than 50
CUTS = 15
POINTS = ["inside", "before-commit", "after-commit", "claim", "rebalance", "any"]
# The first progress after a consumer's start, without the time in which Python and Django load.
GOES_ON_WITHIN = 1.0


def small_batches(world: World) -> list[str]:
    """Return options that make many transactions to be killed in."""
    return ["--batch", "20", *([] if world.kafka.real else ["--alone"])]


def kill_one(world: World, point: str, chance: random.Random, **more: str) -> float | None:
    """Start a consumer and have it killed at its work; return its first delay, if it had one."""
    before = world.applied()
    # In its first claim or after it; elsewhere when some batches are through.
    count = 1 if point in {"claim", "rebalance"} else chance.randint(2, 12)
    fault = {} if point == "any" else {"FAULT": f"kill:{point}:{count}"}
    victim = world.consumer(*small_batches(world), **fault, **more)
    # One batch may be several transactions: some victims die before their first batch is through.
    until(lambda: world.applied() > before or victim.code is not None, 30, world.all_words)
    seen, began = time.monotonic(), victim.consuming_since
    delay = seen - began if began and world.applied() > before else None
    if point == "any":
        world.progress(before + chance.randrange(300))
        victim.kill()
    assert victim.wait(60) == -signal.SIGKILL, victim.words
    return delay


def test_killed_consumers_lose_and_double_nothing(world: World) -> None:
    chance, kills, delays = random.Random(7), 0, list[float]()
    with world.shoppers(rate=300) as shoppers:
        for number in range(10 * KILLS):
            delay = kill_one(world, POINTS[number % len(POINTS)], chance)
            kills += world.behind() > 0  # else it interrupted nothing
            delays += [delay] if delay else []
            if kills == KILLS:
                break
    world.consumer()
    world.catch_up()
    print(f"\n{kills} kills; a successor's first progress after {summary(delays)}")
    found = audit(world, shoppers.acknowledged)
    assert kills == KILLS
    assert found.clean, found
    assert median(delays) < GOES_ON_WITHIN


def summary(delays: list[float]) -> str:
    """Return the median and the greatest of some times."""
    return f"p50 {median(delays):.2f} s, max {max(delays):.2f} s"


def test_without_the_transaction_events_are_lost(world: World) -> None:
    chance = random.Random(8)
    with world.shoppers(rate=300) as shoppers:
        for _ in range(4):
            kill_one(world, "inside", chance, WITHOUT="transaction")
    world.consumer()
    world.catch_up()
    assert audit(world, shoppers.acknowledged).lost


def test_without_receipts_events_are_doubled(world: World) -> None:
    world.consumer(WITHOUT="dedupe")
    with world.shoppers(rate=300) as shoppers:
        until(lambda: len(shoppers.acknowledged) > 1000, 60, world.all_words)
    world.catch_up()
    assert not audit(world, shoppers.acknowledged).clean


@pytest.fixture
def proxy(world: World) -> Iterator[Proxy]:
    """A proxy before the world's MongoDB."""
    made = Proxy(world.mongo.port)
    yield made
    made.close()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_cut_at_commit(world: World, proxy: Proxy, moment: Moment) -> None:
    # PyMongo asks once more by itself, so two cuts in a row are another matter than one.
    consumer = world.consumer(MONGODB_URI=world.mongo.uri_at(proxy.port))
    delays = []
    with world.shoppers(rate=300) as shoppers:
        world.progress(0)
        for count in [1, 2, 3, 1, 2, 3]:
            proxy.cut_commits(moment, count)
            until(lambda: not proxy.pending(), 60, world.all_words)
            cut = time.monotonic()
            world.progress(world.applied())
            delays.append(time.monotonic() - cut)
    world.catch_up()
    found = audit(world, shoppers.acknowledged)
    print(f"\n{proxy.cuts} cuts {moment} the commit; goes on after {summary(delays)}")
    assert found.clean, found
    assert (proxy.cuts, consumer.code) == (12, None)


def test_cut_at_any_moment(world: World, proxy: Proxy) -> None:
    consumer = world.consumer(MONGODB_URI=world.mongo.uri_at(proxy.port))
    chance = random.Random(9)
    with world.shoppers(rate=300) as shoppers:
        world.progress(0)
        for _ in range(CUTS):
            world.progress(world.applied() + chance.randrange(100))
            proxy.cut_all()
    world.catch_up()
    found = audit(world, shoppers.acknowledged)
    assert found.clean, found
    assert (proxy.cuts, consumer.code) == (CUTS, None)
