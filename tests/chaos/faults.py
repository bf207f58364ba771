"""What can be done to a running shop, each fault with the time until it goes on."""

import random
import signal
import time
from collections.abc import Callable
from typing import NamedTuple

from tests.chaos.proxy import Moment, Proxy
from tests.chaos.waiting import until
from tests.chaos.world import Process, World

GO_ON_WITHIN = 60.0  # seconds
AWAY_AT_MOST = 4.0  # seconds that a server stays away


class Struck(NamedTuple):
    """A fault's outcome: whether it interrupted work, and the seconds until work went on."""

    interrupted: bool
    recovery: float


class Shop:
    """A world with a consumer that is always there, behind a proxy that can cut its wires."""

    def __init__(self, world: World, chance: random.Random) -> None:
        self.world, self.chance = world, chance
        self.proxy = Proxy(world.mongo.port)
        self.consumer = self.start()

    def start(self, **more: str) -> Process:
        """Start a consumer behind the proxy, with small batches."""
        alone = [] if self.world.kafka.real else ["--alone"]
        where = self.world.mongo.uri_at(self.proxy.port)
        return self.world.consumer("--batch", "50", *alone, MONGODB_URI=where, **more)

    def at_work(self) -> int:
        """Wait until something is applied; return how much is applied by now."""
        self.world.progress(self.world.applied(), GO_ON_WITHIN)
        return self.world.applied()

    def successor(self, applied: int) -> float:
        """Start the next consumer; return the seconds from its readiness to its first progress."""
        self.consumer = self.start()
        self.world.progress(applied, GO_ON_WITHIN)
        now = time.monotonic()
        until(lambda: self.consumer.consuming_since, GO_ON_WITHIN, self.world.all_words)
        return max(0.0, now - (self.consumer.consuming_since or now))

    def goes_on(self, since: float) -> float:
        """Wait for progress beyond what is applied; return the seconds since that moment."""
        self.world.progress(self.world.applied(), GO_ON_WITHIN)
        return time.monotonic() - since

    def close(self) -> None:
        """Let the proxy go."""
        self.proxy.close()


Fault = Callable[[Shop], Struck]


def killed(shop: Shop) -> Struck:
    """SIGKILL at any instant."""
    applied = shop.at_work()
    shop.consumer.kill()
    return Struck(shop.world.behind() > 0, shop.successor(max(applied, shop.world.applied())))


def killed_at(point: str) -> Fault:
    """SIGKILL at a chosen point of the code."""

    def strike(shop: Shop) -> Struck:
        shop.consumer.send(signal.SIGTERM)
        shop.consumer.wait(GO_ON_WITHIN)
        count = 1 if point in {"claim", "rebalance"} else shop.chance.randint(1, 20)
        victim = shop.start(FAULT=f"kill:{point}:{count}")
        assert victim.wait(GO_ON_WITHIN) == -signal.SIGKILL, victim.words
        return Struck(shop.world.behind() > 0, shop.successor(shop.world.applied()))

    return strike


def cut_at_commit(moment: Moment) -> Fault:
    """The connection is cut as the commit is sent, or as its answer comes."""

    def strike(shop: Shop) -> Struck:
        shop.at_work()
        shop.proxy.cut_commits(moment, shop.chance.randint(1, 3))
        until(lambda: not shop.proxy.pending(), GO_ON_WITHIN, shop.world.all_words)
        return Struck(True, shop.goes_on(time.monotonic()))

    return strike


def cut_anywhere(shop: Shop) -> Struck:
    """All connections to MongoDB are cut."""
    shop.at_work()
    shop.proxy.cut_all()
    return Struck(shop.world.behind() > 0, shop.goes_on(time.monotonic()))


def servers_away(kafka: bool, mongodb: bool) -> Fault:
    """Servers are killed, stay away for a while, and come back."""

    def strike(shop: Shop) -> Struck:
        shop.at_work()
        if kafka:
            shop.world.kafka.kill()
        if mongodb:
            shop.world.mongo.kill()
        gone_until = time.monotonic() + shop.chance.random() * AWAY_AT_MOST
        until(lambda: time.monotonic() > gone_until, AWAY_AT_MOST + 1, "the outage is over")
        if mongodb:
            shop.world.mongo.start()
        if kafka:
            shop.world.kafka.start()
        return Struck(True, shop.goes_on(time.monotonic()))

    return strike


def mongodb_hangs(shop: Shop) -> Struck:
    """MongoDB takes connections and answers nothing for a while."""
    shop.at_work()
    shop.world.mongo.pause()
    hangs_until = time.monotonic() + AWAY_AT_MOST
    until(lambda: time.monotonic() > hangs_until, AWAY_AT_MOST + 1, "it goes on")
    shop.world.mongo.resume()
    return Struck(True, shop.goes_on(time.monotonic()))


def frozen(shop: Shop) -> Struck:
    """The consumer is frozen, another takes its place, and the first wakes beside it."""
    shop.at_work()
    first = shop.consumer
    first.send(signal.SIGSTOP)
    begun, applied = time.monotonic(), shop.world.applied()
    second = shop.start()
    shop.world.progress(applied, GO_ON_WITHIN)
    recovery = time.monotonic() - begun
    first.send(signal.SIGCONT)
    shop.goes_on(time.monotonic())
    second.send(signal.SIGTERM)
    assert second.wait(GO_ON_WITHIN) == 0, second.words
    shop.goes_on(time.monotonic())
    return Struck(True, recovery)


FAULTS: dict[str, Fault] = {
    "consumer killed at any instant": killed,
    "killed inside the transaction": killed_at("inside"),
    "killed before the commit": killed_at("before-commit"),
    "killed after the commit": killed_at("after-commit"),
    "killed as it claims partitions": killed_at("claim"),
    "killed as it takes up partitions": killed_at("rebalance"),
    "consumer frozen, replaced, woken": frozen,
    "wire cut before the commit": cut_at_commit("before"),
    "wire cut before the commit's answer": cut_at_commit("after"),
    "wires to MongoDB cut at any instant": cut_anywhere,
    "MongoDB killed and restarted": servers_away(kafka=False, mongodb=True),
    "MongoDB hangs for 4 s": mongodb_hangs,
    "Kafka killed and restarted": servers_away(kafka=True, mongodb=False),
    "both killed and restarted": servers_away(kafka=True, mongodb=True),
}
