"""The name under which a consumer is a static member of its group (KIP-345).

A consumer that comes back under its old name within the session timeout gets its partitions at
once; under a new name it would wait until the broker gives the old one up.
"""

import fcntl
import socket
from contextlib import AbstractContextManager
from itertools import count
from pathlib import Path
from types import TracebackType

from django.conf import settings


class Membership(AbstractContextManager[str]):
    """The first free name `<host>-<number>` on this machine, held by a lock on a file.

    The operating system drops the lock of a process that dies, however it dies, so that its
    successor gets the same name.
    """

    def __enter__(self) -> str:
        folder: Path = settings.LOCAL_DIR / "members"
        folder.mkdir(parents=True, exist_ok=True)
        for number in count(1):
            self._file = (folder / f"{settings.KAFKA_GROUP}-{number}").open("w")
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._file.close()
            else:
                return f"{socket.gethostname()}-{number}"
        raise AssertionError("unreachable: some number is free")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
