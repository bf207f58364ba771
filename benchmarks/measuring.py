"""How things are measured: in turn, several times each, and told as ratios."""

import threading
import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import NamedTuple, Protocol

LOOKED_EVERY = 0.005  # seconds


class Counts(Protocol):
    """Whatever says how many events it has applied so far."""

    @property
    def applied(self) -> int:
        """How many events."""


class Look(NamedTuple):
    """What was seen at one moment: seconds on a clock, and the events applied by then."""

    at: float
    applied: int


class Meter:
    """Looks from a thread of its own how far something has come, so that it measures nothing but
    the work: neither how long a client takes to begin, nor how it finds out that it is through.
    """

    def __init__(self, counted: Counts) -> None:
        self._counted = counted
        self.looks = [Look(time.perf_counter(), 0)]
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Meter":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(LOOKED_EVERY):
            applied = self._counted.applied
            if applied != self.looks[-1].applied:
                self.looks.append(Look(time.perf_counter(), applied))

    def rate(self, first: float = 0.0, last: float = 1.0) -> float:
        """Return events a second, over that share of all events; the first batch is left out."""
        total = self.looks[-1].applied
        seen = [look for look in self.looks[1:] if first * total <= look.applied <= last * total]
        if len(seen) < 2:
            raise ValueError(f"too few steps to measure: {len(seen)} for {total} events")
        return (seen[-1].applied - seen[0].applied) / (seen[-1].at - seen[0].at)


class Spread(NamedTuple):
    """The middle of several measurements, and how far they lay apart."""

    median: float
    lowest: float
    highest: float

    def __str__(self) -> str:
        return f"{shown(self.median)} ({shown(self.lowest)} to {shown(self.highest)})"


def spread(values: list[float]) -> Spread:
    """Return the middle and the ends of some measurements."""
    return Spread(median(values), min(values), max(values))


def shown(value: float) -> str:
    """Return a number with about three figures."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def timed(do: Callable[[], object]) -> float:
    """Return how many milliseconds it takes to do something."""
    start = time.perf_counter()
    do()
    return 1000 * (time.perf_counter() - start)


def in_turn(things: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Measure things one after the other, and all of them again, so that whatever else the
    machine does meets all of them alike.
    """
    found: dict[str, list[float]] = {name: [] for name in things}
    for number in range(rounds):
        for name in list(things)[:: 1 if number % 2 == 0 else -1]:
            found[name].append(things[name]())
    return found


def ratios(ours: list[float], base: list[float]) -> Spread:
    """Return how many times the base ours is, round by round."""
    return spread([one / other for one, other in zip(ours, base, strict=True)])


def percentile(values: list[float], share: float) -> float:
    """Return the value that this share of all values does not exceed."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]
