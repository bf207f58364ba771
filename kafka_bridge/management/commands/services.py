"""`manage.py services`: runs the local Kafka and MongoDB servers, for a machine without them."""

import os
import signal
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from kafka_bridge import topics
from kafka_bridge.local import kafka, mongodb
from kafka_bridge.local.announcement import AlreadyRunning, Announcement
from kafka_bridge.management.base import ShopCommand

NAMED_BY = ("KAFKA_BOOTSTRAP_SERVERS", "MONGODB_URI")


class Command(ShopCommand):
    help = (
        "Run a local Kafka test cluster (its log is in memory) and a local MongoDB server (its "
        "data are in the folder .local/mongodb) until stopped. A server that the environment or "
        ".env names is not started."
    )
    examples = {
        "": "until Ctrl-C; other commands find the servers by themselves",
        "--json": "say where they listen as a JSON object",
    }

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--mongodb-port", type=int, help="where MongoDB listens (any port that is free)"
        )
        parser.add_argument("--json", action="store_true", help="say it as a JSON object")

    def handle(self, *, mongodb_port: int | None, **options: Any) -> None:
        self._as_json = options["json"]
        missing = [name for name in NAMED_BY if name not in os.environ]
        if not missing:
            raise CommandError(f"{' and '.join(NAMED_BY)} name servers: there is nothing to start.")
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            with Announcement(settings.LOCAL_DIR) as announcement, ExitStack() as stack:
                self._run(announcement, missing, stack, mongodb_port)
        except AlreadyRunning:
            raise CommandError(
                f"Local services are running on {settings.LOCAL_DIR} already: use those, "
                "or stop them first."
            ) from None
        except KeyboardInterrupt:
            if not self._as_json:
                self.stdout.write("The local services have ended.")

    def _run(
        self,
        announcement: Announcement,
        missing: list[str],
        stack: ExitStack,
        mongodb_port: int | None,
    ) -> None:
        found: dict[str, str] = {}
        server = None
        if "MONGODB_URI" in missing:
            server = stack.enter_context(_mongodb(mongodb_port))
            found["MONGODB_URI"] = server.uri
        if "KAFKA_BOOTSTRAP_SERVERS" in missing:
            found["KAFKA_BOOTSTRAP_SERVERS"] = stack.enter_context(_kafka())
        announcement.tell(found)
        words = "\n".join(f"{name}={value}" for name, value in found.items())
        self.say(words, found, as_json=self._as_json)
        _until_stopped(server)


@contextmanager
def _mongodb(port: int | None) -> Iterator[mongodb.Server]:
    try:
        server = mongodb.Server(settings.LOCAL_DIR / "mongodb", port)
    except RuntimeError as error:
        raise CommandError(f"Not started: {error}.") from error
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def _kafka() -> Iterator[str]:
    cluster = kafka.TestCluster()
    cluster.create_topic(settings.KAFKA_TOPIC, topics.PARTITIONS)
    try:
        yield cluster.bootstrap_servers
    finally:
        cluster.stop()


def _until_stopped(server: mongodb.Server | None) -> None:
    if server is None:
        signal.pause()
    else:
        code = server.process.wait()
        raise CommandError(f"The local MongoDB server ended by itself, with exit code {code}.")
