"""The servers that the benches run against: a real Kafka, and whatever MongoDB there is."""
# ruff: noqa: S606  (to run this very program again, beside a broker, is what this is for)

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

from kafka_bridge.local import kafka, mongodb

BROKER = Path(__file__).resolve().parents[1] / "infra" / "kafka" / "run.py"
KAFKA, MONGODB = "KAFKA_BOOTSTRAP_SERVERS", "MONGODB_URI"

cluster: kafka.TestCluster | None = None
embedded = False


def start(arguments: list[str], *, quick: bool) -> None:
    """Start what the environment does not name; it ends with this process.

    A real broker wraps this process: the program is begun again beside it, so this does not
    return then. Only a quick run makes do with librdkafka's test cluster, where Java or Maven is
    missing.
    """
    if KAFKA not in os.environ:
        if not quick or (shutil.which("java") and shutil.which("mvn")):
            again = [sys.executable, "-m", "benchmarks", *arguments]
            os.execv(sys.executable, [sys.executable, str(BROKER), "--temporary", "--", *again])
        _start_test_cluster()
    if MONGODB not in os.environ:
        _start_mongodb()
    os.environ["LOCAL_DIR"] = _folder("shop-benchmarks-local-")


def _start_test_cluster() -> None:
    global cluster  # noqa: PLW0603  one a process
    cluster = kafka.TestCluster()
    os.environ[KAFKA] = cluster.bootstrap_servers
    atexit.register(cluster.stop)


def _start_mongodb() -> None:
    global embedded  # noqa: PLW0603  one a process
    embedded = True
    server = mongodb.Server(Path(_folder("shop-benchmarks-")))
    os.environ[MONGODB] = server.uri
    atexit.register(server.stop)


def _folder(prefix: str) -> str:
    made = tempfile.mkdtemp(prefix=prefix)
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


def described() -> str:
    """Return in one line what the figures were measured on."""
    broker = "librdkafka's test cluster" if cluster else "Apache Kafka"
    mongo = "embedded" if embedded else "the server that MONGODB_URI names"
    return f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, {broker}, MongoDB: {mongo}"
