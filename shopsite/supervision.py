"""Several programs run together, and none of them outlives the others."""

import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, TypeVar

from kafka_bridge.local import children

ROOT = Path(__file__).resolve().parent.parent
STOP_WITHIN = 15.0  # seconds
LOOK_EVERY = 0.05  # seconds while something is awaited
WATCH_EVERY = 0.5  # seconds between two looks at whether all are alive

FoundT = TypeVar("FoundT")


class Failed(Exception):
    """A program ended that should not have, or something took too long; the text is a sentence."""


class Program(NamedTuple):
    """A running program and what people call it."""

    name: str
    process: subprocess.Popen[str]


class Programs(AbstractContextManager["Programs"]):
    """The programs that run. When the block is left they are stopped, the last one first."""

    def __init__(self) -> None:
        self._running: list[Program] = []

    def start(self, name: str, *command: str) -> None:
        """Start a Python program (`-m gunicorn ...`, `manage.py consume`)."""
        process = children.start([sys.executable, *command], cwd=ROOT)
        self._running.append(Program(name, process))

    def run(self, name: str, *command: str) -> str:
        """Run a Python program to its end and return what it wrote; raise `Failed`."""
        process = children.start([sys.executable, *command], cwd=ROOT, stdout=subprocess.PIPE)
        self._running.append(Program(name, process))
        told, _ = process.communicate()
        self._running.pop()
        if process.returncode:
            raise Failed(f"{name} failed, with exit code {process.returncode}.")
        return told

    def wait_for(self, what: str, found: Callable[[], FoundT], within: float) -> FoundT:
        """Return what `found` returns once that is true; raise `Failed` if it takes too long."""
        deadline = time.monotonic() + within
        while not (result := found()):
            self._check()
            if time.monotonic() > deadline:
                raise Failed(f"{what} did not come within {within:.0f} seconds.")
            time.sleep(LOOK_EVERY)
        return result

    def watch(self) -> None:
        """Wait for the end of any program, and raise `Failed`."""
        while True:
            self._check()
            time.sleep(WATCH_EVERY)

    def _check(self) -> None:
        for name, process in self._running:
            if (code := process.poll()) is not None:
                raise Failed(f"{name} ended by itself, with exit code {code}.")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for program in reversed(self._running):
            children.stop(program.process, STOP_WITHIN)
