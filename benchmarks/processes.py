"""The shop's own commands as processes, on the topic and the database of the stage."""
# ruff: noqa: S603  (our own programs with our own arguments)

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection

from kafka_bridge.local import children
from kafka_bridge.models import Offset
from kafka_bridge.mongo import database

ROOT = Path(__file__).resolve().parents[1]
PYTHON = sys.executable
STOP_WITHIN = 20.0  # seconds
PAGE, TICKS = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_CLK_TCK")


def environment() -> dict[str, str]:
    """Return what a process needs to work on the same stage."""
    return os.environ | {
        "KAFKA_TOPIC": settings.KAFKA_TOPIC,
        "KAFKA_GROUP": settings.KAFKA_GROUP,
        "MONGODB_NAME": connection.settings_dict["NAME"],
        "PYTHONPATH": str(ROOT),
    }


@contextmanager
def manage(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A `manage.py` command that runs beside the block."""
    with started(PYTHON, str(ROOT / "manage.py"), *arguments) as process:
        yield process


@contextmanager
def started(*command: str) -> Iterator[subprocess.Popen[str]]:
    """A program that runs beside the block and is stopped after it.

    What it says is shown only if the block fails: that may be why.
    """
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, env=environment(), text=True)
        try:
            yield process
        except BaseException:
            said.seek(0)
            sys.stderr.write(said.read())
            raise
        finally:
            children.stop(process, STOP_WITHIN)


def applied() -> int:
    """Return how many events of the topic are applied, by the stored offsets."""
    table = database()[Offset._meta.db_table]
    return sum(found["next"] for found in table.find({"group": settings.KAFKA_GROUP}))


class Stored:
    """The number of applied events, read from MongoDB whenever it is asked for."""

    @property
    def applied(self) -> int:
        """Return how many events are applied."""
        return applied()


def consumers() -> set[str]:
    """Return the names of the consumers that have a share of the partitions."""
    table = database()[Offset._meta.db_table]
    return {found["consumer"] for found in table.find({"group": settings.KAFKA_GROUP})}


class Cores:
    """How many cores some processes keep busy during a block, and how many all else does."""

    def __init__(self, processes: Sequence[subprocess.Popen[str]]) -> None:
        self._processes = processes

    def __enter__(self) -> "Cores":
        self._begun = time.perf_counter(), self._theirs(), _all()
        return self

    def __exit__(self, *_: object) -> None:
        at, theirs, everything = self._begun
        ticks = TICKS * (time.perf_counter() - at)
        self.theirs = (self._theirs() - theirs) / ticks
        self.others = (_all() - everything) / ticks - self.theirs

    def _theirs(self) -> int:
        stats = (Path(f"/proc/{one.pid}/stat").read_text() for one in self._processes)
        return sum(sum(map(int, stat.rpartition(")")[2].split()[11:13])) for stat in stats)


def _all() -> int:
    """Return the ticks that all cores have been busy for (Linux)."""
    user, nice, system, _idle, _waiting, *rest = Path("/proc/stat").read_text().split()[1:9]
    return sum(map(int, (user, nice, system, *rest)))


def wait_until(reached: Callable[[], bool], patience: float = 600.0) -> None:
    """Return when it is so; raise `TimeoutError` after so many seconds."""
    deadline = time.monotonic() + patience
    while not reached():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {patience:.0f} s")
        time.sleep(0.05)


def memory_of(process: subprocess.Popen[str]) -> float:
    """Return the memory that a process holds now, in MB (Linux)."""
    return int(Path(f"/proc/{process.pid}/statm").read_text().split()[1]) * PAGE / 2**20
