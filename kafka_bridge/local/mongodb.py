"""A MongoDB without MongoDB: SecantusDB speaks its wire protocol, as a process of its own."""

import signal
import socket
import sys
import time
from pathlib import Path

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from kafka_bridge.local import children

START_WITHIN = 30.0  # seconds
STOP_WITHIN = 10.0  # seconds
FOR_EVER = 10**9


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """One running server with its data in a folder; `uri` says where it listens.

    Raises `RuntimeError` if it does not answer within 30 seconds. It ends with the thread that
    made it: it loses nothing when it is killed, for it syncs at each commit.
    """

    def __init__(self, data: Path, port: int | None = None) -> None:
        self.port = port or free_port()
        self.uri = f"mongodb://127.0.0.1:{self.port}/"
        program = Path(sys.executable).parent / "secantusd-py"
        command = [str(program), "--port", str(self.port), "--storage-path", str(data)]
        # Without --sync-on-commit a killed server loses writes that it acknowledged.
        options = ["--sync-on-commit", "--log-level", "ERROR"]
        # A transaction that changes more than a tenth of the cache waits for itself for ever, and
        # a batch of products has dozens of index entries each.
        options += ["--cache-size", "512M"]
        # Nobody reads its oplog; transactions that trim it at the same time conflict.
        options += [
            "--oplog-max-entries",
            str(FOR_EVER),
            "--oplog-retention-seconds",
            str(FOR_EVER),
        ]
        self.process = children.start([*command, *options], orphaned=signal.SIGKILL)
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise

    def _wait(self) -> None:
        deadline = time.monotonic() + START_WITHIN
        while not self._listens():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the local MongoDB server did not start on port {self.port}")
            time.sleep(0.02)
        client: MongoClient[dict[str, object]] = MongoClient(
            self.uri, serverSelectionTimeoutMS=int(START_WITHIN * 1000)
        )
        with client:
            try:
                client.admin.command("ping")
            except PyMongoError as error:
                raise RuntimeError("the local MongoDB server does not answer") from error

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        """End the server; its data stay."""
        children.stop(self.process, STOP_WITHIN)
