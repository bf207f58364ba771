"""The shop's own commands as processes, on the topic and the database of the stage."""
# ruff: noqa: S603  (our own programs with our own arguments)

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from kafka_bridge.local import children
from kafka_bridge.models import Offset
from kafka_bridge.mongo import database

ROOT = Path(__file__).resolve().parents[1]
PYTHON = sys.executable
STOP_WITHIN = 20.0  # seconds
PAGE = os.sysconf("SC_PAGE_SIZE")


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
    """A program that runs beside the block and is stopped after it."""
    silent: Any = subprocess.DEVNULL
    process = subprocess.Popen(command, stdout=silent, env=environment(), text=True)
    try:
        yield process
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
