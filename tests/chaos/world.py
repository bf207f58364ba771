"""One shop to be ill-treated: servers, a topic and a group of its own, and its processes."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from uuid import uuid4

from confluent_kafka import Consumer, TopicPartition
from django.conf import settings
from pymongo.collection import Collection

from kafka_bridge.local import children
from tests.chaos.servers import ROOT, KafkaServer, MongoServer
from tests.chaos.waiting import until
from tests.chaos.workload import Shoppers

PARTITIONS = 6
CAUGHT_UP_WITHIN = 90.0  # seconds


class Process:
    """A process of the shop; its words are kept."""

    def __init__(self, command: list[str], environment: Mapping[str, str], words: Path) -> None:
        self._words = words
        self.started = time.monotonic()
        with words.open("wb") as file:
            self._process = subprocess.Popen(
                [sys.executable, *command],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
                preexec_fn=children._tie(signal.SIGKILL),  # noqa: PLW1509  one system call
            )
        self.pid = self._process.pid

    @property
    def words(self) -> str:
        """What the process wrote so far."""
        return self._words.read_text(errors="replace")

    @property
    def code(self) -> int | None:
        """The exit code, negative for a signal; None as long as it runs."""
        return self._process.poll()

    @property
    def consuming_since(self) -> float | None:
        """When the consumer had been made, on this machine's monotonic clock."""
        found = re.search(r"^consuming from ([0-9.]+)", self.words, re.MULTILINE)
        return float(found[1]) if found else None

    def send(self, number: signal.Signals) -> None:
        """Send a signal, if it still runs."""
        if self.code is None:
            self._process.send_signal(number)

    def kill(self) -> None:
        """End it by SIGKILL and wait."""
        self.send(signal.SIGKILL)
        self._process.wait()

    def wait(self, seconds: float) -> int:
        """Wait for its end; return its exit code."""
        until(lambda: self.code is not None, seconds, lambda: f"the process ends:\n{self.words}")
        assert self.code is not None
        return self.code

    def frozen(self) -> bool:
        """Whether a SIGSTOP holds it."""
        return self._stat()[0] in "tT"

    def cpu(self) -> float:
        """Return the seconds of CPU time it has used so far."""
        used = self._stat()
        return (int(used[11]) + int(used[12])) / os.sysconf("SC_CLK_TCK")

    def _stat(self) -> list[str]:
        return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()


class World:
    """A topic and a consumer group on servers that others use too, and processes that end with it.

    The documents are the server's only ones: one world at a time.
    """

    def __init__(self, kafka: KafkaServer, mongo: MongoServer, topic: str | None = None) -> None:
        self.kafka, self.mongo = kafka, mongo
        self.topic = topic or f"chaos-{uuid4().hex[:12]}"
        self.group = f"group-{self.topic}"
        self._folder = tempfile.TemporaryDirectory(prefix="shop-chaos-")
        self.local = Path(self._folder.name)
        self.processes: list[Process] = []
        self._numbers = count(1)
        asker = {"bootstrap.servers": kafka.servers, "group.id": "asker", "log_level": 0}
        self._asker = Consumer(asker)
        mongo.wipe()
        if topic is None:
            kafka.create_topic(self.topic, PARTITIONS)

    def __enter__(self) -> "World":
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes:
            process.kill()
        self._asker.close()
        self._folder.cleanup()

    def environment(self, **more: str) -> dict[str, str]:
        """Return the environment of the shop's processes."""
        return os.environ | {
            "DJANGO_SETTINGS_MODULE": "shopsite.settings",
            "KAFKA_BOOTSTRAP_SERVERS": self.kafka.servers,
            "KAFKA_TOPIC": self.topic,
            "KAFKA_GROUP": self.group,
            "MONGODB_URI": self.mongo.uri_at(self.mongo.port),
            "MONGODB_NAME": self.mongo.name,
            "LOCAL_DIR": str(self.local),
            "SECRET_KEY": settings.SECRET_KEY,
            "CUSTOMER_ID_KEY": settings.CUSTOMER_ID_KEY,
            **more,
        }

    def run(self, *command: str, **more: str) -> Process:
        """Start a Python process of the shop."""
        words = self.local / f"words-{next(self._numbers)}"
        process = Process(list(command), self.environment(**more), words)
        self.processes.append(process)
        return process

    def consumer(self, *options: str, **more: str) -> Process:
        """Start a consumer. Without options it is a group's member if the group can be trusted."""
        chosen = options or (() if self.kafka.real else ("--alone",))
        return self.run("-m", "tests.chaos.victim", "consume", *chosen, **more)

    def shoppers(self, rate: int = 400, seed: int = 1, again: float = 0.03) -> Shoppers:
        """Return somebody who publishes."""
        return Shoppers(self.kafka.servers, self.topic, rate=rate, seed=seed, again=again)

    def collection(self, name: str) -> Collection[dict[str, object]]:
        """Return a collection of the shop."""
        return self.mongo.database()[name]

    def stored(self) -> dict[int, int]:
        """Return the next offset of each partition as MongoDB has it, for the newest log."""
        found = self.collection("kafka_bridge_offset").find({"group": self.group})
        return {int(str(each["partition"])): int(str(each["next"])) for each in found}

    def applied(self) -> int:
        """Return how many messages have had their effect: the sum of the stored offsets."""
        return sum(self.stored().values())

    def ranges(self, partitions: int = PARTITIONS) -> list[tuple[int, int]]:
        """Return the first offset and the end of each partition."""
        places = [TopicPartition(self.topic, number) for number in range(partitions)]
        asked = [self._asker.get_watermark_offsets(place, timeout=30) for place in places]
        return [(first, end) for first, end in asked]

    def behind(self) -> int:
        """Return how many messages wait to be applied."""
        return sum(end for _, end in self.ranges()) - self.applied()

    def catch_up(self, seconds: float = CAUGHT_UP_WITHIN) -> float:
        """Wait until all is applied; return the seconds that it took."""
        told = "all is applied; the consumers say:\n{}"
        return until(lambda: self.behind() == 0, seconds, lambda: told.format(self.all_words()))

    def all_words(self) -> str:
        """Return the last words of every process."""
        return "\n--\n".join(process.words[-2000:] for process in self.processes)

    def progress(self, since: int, seconds: float = 30.0) -> float:
        """Wait until more is applied than `since`; return the seconds that it took."""
        return until(lambda: self.applied() > since, seconds, self.all_words)

    def tracebacks(self) -> list[str]:
        """Return the words of processes that ended in a way nobody foresaw."""
        return [each.words for each in self.processes if "Traceback (most recent" in each.words]
