"""Where the local services of this folder listen, told from one process to all others.

The file is locked as long as the services run. The operating system drops the lock of a process
that dies, however it dies, so what a killed one left in the file is not believed. The file is
emptied and never removed: a lock on a removed file would be seen by nobody.

It is read while Django loads its settings, so nothing here may need them.
"""

import fcntl
import json
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType

NAME = "services.json"
LOCK_WITHIN = 1.0  # seconds; a reader holds the lock for some microseconds


class AlreadyRunning(Exception):
    """Other local services are running on this folder."""


def read(folder: Path) -> dict[str, str]:
    """Return the variables that name the running services; empty if none run."""
    try:
        file = (folder / NAME).open()
    except FileNotFoundError:
        return {}
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            found: dict[str, str] = json.loads(file.read() or "{}")
            return found
        return {}


class Announcement(AbstractContextManager["Announcement"]):
    """The right to run local services on a folder. Raises `AlreadyRunning` when entered."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = (folder / NAME).open("a")

    def __enter__(self) -> "Announcement":
        deadline = time.monotonic() + LOCK_WITHIN
        while not self._lock():
            if time.monotonic() > deadline:
                self._file.close()
                raise AlreadyRunning
            time.sleep(0.01)
        self._file.truncate(0)
        return self

    def _lock(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def tell(self, variables: Mapping[str, str]) -> None:
        """Let everybody know the variables that name the services."""
        self._file.write(json.dumps(variables))
        self._file.flush()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.truncate(0)
        self._file.close()
