"""Servers that can be killed and come back where they were: a MongoDB and two kinds of Kafka."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from abc import ABC, abstractmethod
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from pymongo import MongoClient
from pymongo.database import Database

from kafka_bridge.local import children, kafka, mongodb
from tests.chaos.waiting import until, until_led

ROOT = Path(__file__).resolve().parents[2]
RUN_KAFKA = ROOT / "infra" / "kafka" / "run.py"
ANSWER_WITHIN = 60.0  # seconds that a server may take to come up on a busy machine


class MongoServer:
    """A SecantusDB process with its folder and port; `name` is the database, migrated."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="shop-chaos-mongodb-")
        self.data = Path(self._folder.name)
        self._server = mongodb.Server(self.data)
        self.port = self._server.port
        self.name = "chaos"
        self.client: MongoClient[dict[str, object]] = MongoClient(self.uri_at(self.port))
        self._migrate()

    def uri_at(self, port: int) -> str:
        """Return the server's address, or that of a proxy before it."""
        return f"mongodb://127.0.0.1:{port}/?directConnection=true"

    def database(self) -> Database[dict[str, object]]:
        """Return the shop's database."""
        return self.client[self.name]

    def _migrate(self) -> None:
        where = {"MONGODB_URI": self.uri_at(self.port), "MONGODB_NAME": self.name}
        command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        subprocess.run(command, cwd=ROOT, env=os.environ | where, check=True)

    def wipe(self) -> None:
        """Empty all collections; they and their indexes stay."""
        # What was killed may have a transaction open, and that holds the documents for a minute.
        self.client.admin.command("killAllSessions", [])
        for name in self.database().list_collection_names():
            if name.split("_")[0] in {"kafka", "catalog", "customers"}:
                self.database()[name].delete_many({})

    def kill(self) -> None:
        """End the server by SIGKILL."""
        self._server.process.kill()
        self._server.process.wait()

    def pause(self) -> None:
        """Let the server hang: it takes connections and answers nothing."""
        self._server.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let the server go on."""
        self._server.process.send_signal(signal.SIGCONT)

    def start(self) -> None:
        """Start the server again on its port and folder."""
        self._server = mongodb.Server(self.data, self.port)

    def close(self) -> None:
        """End the server for good."""
        self.client.close()
        self._server.stop()
        self._folder.cleanup()


class KafkaServer(ABC):
    """A broker that can go away and come back with its log."""

    real: bool
    servers: str

    @abstractmethod
    def create_topic(self, name: str, partitions: int) -> None:
        """Create an empty topic."""

    @abstractmethod
    def kill(self) -> None:
        """Let the broker be gone at once."""

    @abstractmethod
    def start(self) -> None:
        """Let the broker come back."""

    @abstractmethod
    def close(self) -> None:
        """End the broker for good."""


class EmbeddedKafka(KafkaServer):
    """librdkafka's test cluster: gone means that it refuses connections."""

    real = False

    def __init__(self) -> None:
        self._cluster = kafka.TestCluster()
        self.servers = self._cluster.bootstrap_servers

    def create_topic(self, name: str, partitions: int) -> None:
        """Create an empty topic."""
        self._cluster.create_topic(name, partitions)

    def kill(self) -> None:
        """Close all connections and take no new ones."""
        self._cluster._rdkafka.rd_kafka_mock_broker_set_down(self._cluster._cluster, 1)

    def start(self) -> None:
        """Take connections again."""
        self._cluster._rdkafka.rd_kafka_mock_broker_set_up(self._cluster._cluster, 1)

    def close(self) -> None:
        """End the cluster; its log is gone."""
        self._cluster.stop()


class RealKafka(KafkaServer):
    """Apache Kafka as infra/kafka runs it, with a port and a folder that outlive the process."""

    real = True

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="shop-chaos-kafka-")
        self._port = mongodb.free_port()
        self.servers = f"127.0.0.1:{self._port}"
        self.start()
        self.admin = AdminClient({"bootstrap.servers": self.servers, "log_level": 0})

    @staticmethod
    def missing() -> str:
        """Return what this machine lacks to run it, or nothing."""
        lacking = [name for name in ("java", "mvn") if shutil.which(name) is None]
        return f"Apache Kafka needs {' and '.join(lacking)}" if lacking else ""

    def create_topic(self, name: str, partitions: int) -> None:
        """Create an empty topic."""
        self.admin.create_topics([NewTopic(name, partitions, 1)])[name].result()
        until_led(self.admin, name)

    def kill(self) -> None:
        """End the broker by SIGKILL: the kernel ends it with the script that started it."""
        self._process.kill()
        self._process.wait()

    def start(self) -> None:
        """Start the broker on its folder and wait until it answers."""
        where = ["--port", str(self._port), "--data", self._folder.name]
        command = [sys.executable, str(RUN_KAFKA), *where]
        self._process = children.start(command, stdout=subprocess.DEVNULL)
        until(self._answers, ANSWER_WITHIN, "Kafka answers")

    def _answers(self) -> bool:
        assert self._process.poll() is None, "Kafka did not start"
        client = AdminClient({"bootstrap.servers": self.servers, "log_level": 0})
        try:
            return bool(client.list_topics(timeout=1).brokers)
        except KafkaException:
            return False

    def close(self) -> None:
        """End the broker and remove its log."""
        children.stop(self._process, ANSWER_WITHIN)
        self._folder.cleanup()
