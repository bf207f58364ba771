"""A pytest plugin: starts the servers of the suite, unless the environment names some.

It is loaded before Django reads its settings (`-p tests.services`), and sets the variables that
the settings and every subprocess read.
"""

import atexit
import os
import tempfile
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from benchmarks import asking
from kafka_bridge.local import kafka, mongodb

# Each commit is synced to disk; in memory that costs nothing, and the data are for one run.
MEMORY = Path("/dev/shm")

cluster: kafka.TestCluster | None = None
embedded = "MONGODB_URI" not in os.environ


def _start_kafka() -> kafka.TestCluster:
    started = kafka.TestCluster()
    os.environ["KAFKA_BOOTSTRAP_SERVERS"] = started.bootstrap_servers
    atexit.register(started.stop)
    return started


def _start_mongodb() -> None:
    place = MEMORY if os.access(MEMORY, os.W_OK) else None
    folder = tempfile.TemporaryDirectory(prefix="shop-tests-", dir=place)
    server = mongodb.Server(Path(folder.name))
    os.environ["MONGODB_URI"] = server.uri
    atexit.register(folder.cleanup)
    atexit.register(server.stop)


def _compile_polish() -> None:
    """Compile the Polish texts if they are newer; Django reads them once, so before it starts."""
    source = Path("shopsite/locale/pl/LC_MESSAGES/django.po")
    compiled = source.with_suffix(".mo")
    if compiled.exists() and compiled.stat().st_mtime >= source.stat().st_mtime:
        return
    with source.open("rb") as read, compiled.open("wb") as written:
        write_mo(written, read_po(read, domain="django"))


_compile_polish()
if "KAFKA_BOOTSTRAP_SERVERS" not in os.environ:
    cluster = _start_kafka()
if embedded:
    _start_mongodb()
asking.listen()
os.environ.setdefault("LOCAL_DIR", tempfile.mkdtemp(prefix="shop-tests-local-"))
