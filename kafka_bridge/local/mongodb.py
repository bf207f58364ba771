"""A MongoDB without MongoDB: SecantusDB speaks its wire protocol, as a process of its own."""

import socket
import subprocess
import sys
import time
from pathlib import Path

from pymongo import MongoClient
from pymongo.errors import PyMongoError

START_WITHIN = 30.0  # seconds


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """One running server with its data in a folder; `uri` says where it listens."""

    def __init__(self, data: Path, port: int | None = None) -> None:
        self.port = port or free_port()
        self.uri = f"mongodb://127.0.0.1:{self.port}/"
        program = Path(sys.executable).parent / "secantusd-py"
        command = [str(program), "--port", str(self.port)]
        # Without --sync-on-commit a killed server loses writes that it acknowledged.
        options = ["--storage-path", str(data), "--sync-on-commit", "--cache-size", "128M"]
        self.process = subprocess.Popen(  # noqa: S603  our own program with our own arguments
            [*command, *options, "--log-level", "ERROR"], start_new_session=True
        )
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + START_WITHIN
        client: MongoClient[dict[str, object]] = MongoClient(
            self.uri, serverSelectionTimeoutMS=200, connect=False
        )
        with client:
            while True:
                try:
                    client.admin.command("ping")
                except PyMongoError:
                    if self.process.poll() is not None or time.monotonic() > deadline:
                        self.stop()
                        raise RuntimeError("the local MongoDB server did not start") from None
                else:
                    return

    def stop(self) -> None:
        """End the server; its data stay."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
