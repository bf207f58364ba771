"""Waiting for a condition, with a limit and a sentence for when it is not met."""

import time
from collections.abc import Callable


def until(condition: Callable[[], object], seconds: float, what: str | Callable[[], str]) -> float:
    """Wait until the condition holds; return the seconds that it took.

    Raises `AssertionError`, naming what was waited for, when it takes too long.
    """
    begun = time.monotonic()
    while not condition():
        if time.monotonic() - begun > seconds:
            raise AssertionError(
                f"not within {seconds} s: {what if isinstance(what, str) else what()}"
            )
        time.sleep(0.01)
    return time.monotonic() - begun
