"""Two consumers that both believe they own a partition, and partitions that move."""

import signal
import time

import pytest

from tests.chaos.audit import audit
from tests.chaos.waiting import until
from tests.chaos.world import Process, World

pytestmark = pytest.mark.slow

# Where a consumer freezes, and at which time there: taking the partitions is a commit as well.
POINTS = {"taken": 1, "inside": 1, "before-commit": 2}


def taken_over(world: World, point: str, without: str = "") -> tuple[Process, Process, set[str]]:
    """Let a consumer freeze in its first batch and another take over, then wake the first.

    Returns both, and the ids of the events that stand in the log.
    """
    shoppers = world.shoppers(again=0.0)
    shoppers.publish(300)
    first = world.consumer(FAULT=f"stop:{point}:{POINTS[point]}", WITHOUT=without)
    until(first.frozen, 60, world.all_words)
    frozen_at = world.applied()
    second = world.consumer(WITHOUT=without)
    # The second owns what the first held once it has applied all of it.
    world.progress(frozen_at)
    shoppers.publish(1500)
    world.catch_up()
    first.send(signal.SIGCONT)
    return first, second, shoppers.acknowledged


def goes_on(world: World, first: Process, second: Process) -> None:
    """Stop the second: the first must apply what comes, without being started anew."""
    second.send(signal.SIGTERM)
    second.wait(30)
    before = world.applied()
    world.shoppers(seed=2, again=0.0).publish(50)
    world.progress(before)
    world.catch_up()
    assert first.code is None


@pytest.mark.parametrize("point", POINTS)
def test_who_was_away_changes_nothing(world: World, point: str) -> None:
    first, second, acknowledged = taken_over(world, point)
    goes_on(world, first, second)
    found = audit(world, acknowledged)
    assert not found.wrong, found
    assert not found.doubled, found


def test_the_fence_holds_alone(world: World) -> None:
    # Without receipts, so that nothing but the fence stands between the first and its old batch.
    first, second, acknowledged = taken_over(world, "taken", "dedupe")
    goes_on(world, first, second)
    found = audit(world, acknowledged)
    assert found.clean, found


def test_without_the_fence_events_are_doubled(world: World) -> None:
    _, _, acknowledged = taken_over(world, "taken", "fence,dedupe")
    until(lambda: not audit(world, acknowledged).clean, 60, "something is wrong")


def test_consumers_that_work_against_each_other(world: World) -> None:
    """All of them take all partitions, as no group would let them."""
    consumers = [world.consumer("--alone", "--batch", "20") for _ in range(3)]
    with world.shoppers(rate=300) as shoppers:
        until(lambda: len(shoppers.acknowledged) > 3000, 60, world.all_words)
    world.catch_up()
    found = audit(world, shoppers.acknowledged)
    assert found.clean, found
    assert [consumer.code for consumer in consumers] == [None] * 3


def test_one_four_two_consumers(real_world: World) -> None:
    world = real_world
    with world.shoppers(rate=400) as shoppers:
        consumers = [world.consumer()]
        world.progress(0)
        consumers += [world.consumer() for _ in range(3)]
        until(lambda: shared_by(world) == 4, 60, world.all_words)
        world.progress(world.applied() + 500)
        leaving = time.monotonic()
        for consumer in consumers[:2]:
            consumer.send(signal.SIGTERM)
            assert consumer.wait(30) == 0
        until(lambda: shared_by(world) == 2, 60, world.all_words)
        print(f"\n4 to 2 consumers in {time.monotonic() - leaving:.1f} s")
        world.progress(world.applied() + 500)
    world.catch_up()
    found = audit(world, shoppers.acknowledged)
    assert found.clean, found


def shared_by(world: World) -> int:
    """Return how many consumers the partitions are stored under."""
    offsets = world.collection("kafka_bridge_offset").find({"group": world.group})
    return len({each["consumer"] for each in offsets})
