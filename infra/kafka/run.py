"""Run a real one-node Apache Kafka on this machine, without Docker.

    python infra/kafka/run.py [--port 9092] [--data .local/kafka/data]
    python infra/kafka/run.py --temporary -- COMMAND ARGS...

The first form runs until Ctrl-C or SIGTERM and keeps its data. The second starts an empty broker,
runs COMMAND with KAFKA_BOOTSTRAP_SERVERS set, removes the broker again and exits with the command's
code. Exit code 2: something is missing or taken, and a sentence on stderr says what.
"""
# ruff: noqa: S603, PLW1509 (to start programs is what this is for, and it has one thread only)

import argparse
import base64
import ctypes
import fcntl
import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from string import Template
from typing import NoReturn

from ready import is_ready

HERE = Path(__file__).resolve().parent
LOCAL = HERE.parents[1] / ".local" / "kafka"
HOST = "127.0.0.1"
DEFAULT_PORT = 9092
OLDEST_JAVA = 17
SECONDS_TO_START = 60
SECONDS_TO_STOP = 20
# Ready sooner and with half the work: at the load of one machine the slower compiler gains nothing.
JVM_OPTIONS = (
    "-Xmx384m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    f"-Dlog4j2.configurationFile={HERE / 'log4j2.properties'}",
)


def main() -> int:
    """Do what the command line asks for and return the exit code."""
    arguments = parse_arguments()
    # SIGTERM ends this script the way Ctrl-C does, so that one path cleans up after both.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if arguments.temporary:
            return run_beside_temporary_broker(arguments.command)
        return run_in_foreground(arguments.data.absolute(), arguments.port)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def parse_arguments() -> argparse.Namespace:
    """Read the command line; exits with code 2 where it makes no sense."""
    parser = argparse.ArgumentParser(description="Run a one-node Apache Kafka.", allow_abbrev=False)
    parser.add_argument("--port", type=port_number, help=f"where to listen ({DEFAULT_PORT})")
    parser.add_argument("--data", type=Path, help="where the log is kept (.local/kafka/data)")
    parser.add_argument("--temporary", action="store_true", help="only for as long as COMMAND runs")
    parser.add_argument("command", nargs="*", metavar="COMMAND", help="after --temporary --")
    arguments = parser.parse_args()
    if arguments.temporary != bool(arguments.command):
        parser.error("--temporary and a COMMAND go together: --temporary -- COMMAND ARGS...")
    if arguments.temporary and (arguments.port or arguments.data):
        parser.error("--temporary chooses its own port and data folder")
    arguments.port = arguments.port or DEFAULT_PORT
    arguments.data = arguments.data or LOCAL / "data"
    return arguments


def port_number(text: str) -> int:
    """A TCP port that can be asked for."""
    port = int(text)
    if not 1 <= port <= 65535:
        raise ValueError
    return port


def run_in_foreground(data: Path, port: int) -> int:
    """Run a broker that keeps its data until a signal comes; 0 when the signal stopped it."""
    refuse_taken(port)
    with running_broker(data, port) as process:
        print(f"Kafka listens on {HOST}:{port}, its log is in {data}. Ctrl-C stops it.", flush=True)
        try:
            code = process.wait()
        except KeyboardInterrupt:
            print("Stopping Kafka.", flush=True)
            return 0
    print(f"Kafka ended by itself with exit code {code}.", file=sys.stderr)
    return 1


def run_beside_temporary_broker(command: list[str]) -> int:
    """Run `command` beside an empty broker of its own and return the command's exit code."""
    if shutil.which(command[0]) is None:
        refuse(f"There is no command {command[0]!r} to run.")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="kafka-") as data, running_broker(Path(data), port):
        return run_command(command, f"{HOST}:{port}")


def run_command(command: list[str], servers: str) -> int:
    """Run `command` to its end, whatever signals come; killed by signal N is 128 + N."""
    environment = os.environ | {"KAFKA_BOOTSTRAP_SERVERS": servers}
    process = subprocess.Popen(command, env=environment, preexec_fn=ends_with_us(signal.SIGTERM))
    # The terminal sends Ctrl-C to the command too: it decides what to do, and we wait for it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    code = process.wait()
    return code if code >= 0 else 128 - code


@contextmanager
def running_broker(data: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A broker that listens on `port` and answers; it is stopped when the block is left."""
    java = [find_java(), *JVM_OPTIONS, "-cp", f"{fetch_jars()}/*"]
    lock = lock_folder(data)
    write_properties(data, port)
    format_storage(java, data)
    # In a session of its own, so that Ctrl-C in a terminal reaches it through us only, in order.
    process = subprocess.Popen(
        [*java, "kafka.Kafka", "server.properties"],
        cwd=data,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        pass_fds=[lock],
        preexec_fn=ends_with_us(signal.SIGKILL),
    )
    try:
        wait_until_ready(process, port)
        yield process
    finally:
        stop(process)


def find_java() -> str:
    """The `java` to use: that of JAVA_HOME, else that on PATH; old or none ends the script."""
    home = os.environ.get("JAVA_HOME")
    java = shutil.which(f"{home}/bin/java" if home else "java")
    if java is None:
        refuse(f"Kafka needs Java {OLDEST_JAVA} or newer: install it, or set JAVA_HOME to it.")
    told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', told)
    if version is None or int(version[1]) < OLDEST_JAVA:
        found = version[1] if version else "something else"
        refuse(f"Kafka needs Java {OLDEST_JAVA} or newer, and {java} is {found}.")
    return java


def fetch_jars() -> Path:
    """The folder with the jars that pom.xml asks for; Maven fills it when pom.xml is a new one."""
    jars = LOCAL / "lib"
    stamp = hashlib.sha256((HERE / "pom.xml").read_bytes()).hexdigest()
    kept = jars / "pom.sha256"
    LOCAL.mkdir(parents=True, exist_ok=True)
    with (LOCAL / "lib.lock").open("w") as lock:
        # Two brokers started at once: the second waits for the jars of the first.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists() or kept.read_text() != stamp:
            fill(jars)
            kept.write_text(stamp)
    return jars


def fill(jars: Path) -> None:
    """Put fresh jars into the folder, or nothing at all if Maven is interrupted."""
    with tempfile.TemporaryDirectory(prefix="lib-", dir=LOCAL) as scratch:
        fresh = Path(scratch) / "lib"
        run_maven(fresh)
        shutil.rmtree(jars, ignore_errors=True)
        fresh.rename(jars)


def run_maven(folder: Path) -> None:
    """Have Maven copy the jars into `folder`, each checked against its published checksum."""
    maven = shutil.which("mvn")
    if maven is None:
        refuse("Kafka's jars are fetched once by Maven: install it, so that `mvn` is on PATH.")
    print("Fetching Apache Kafka's jars, this once.", file=sys.stderr)
    options = ["--batch-mode", "--quiet", "--strict-checksums", "--file", str(HERE / "pom.xml")]
    goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={folder}"]
    # Not on stdout: that belongs to the command of --temporary.
    if subprocess.run([maven, *options, *goal], stdout=sys.stderr, check=False).returncode:
        refuse("Maven could not fetch Kafka's jars; what it said stands above.")


def lock_folder(data: Path) -> int:
    """Make the data folder and lock it; the lock lasts while someone holds the returned descriptor.

    Kafka has a lock as well, but takes it after it has opened its metadata: a second broker would
    already have spoilt the records of the first.
    """
    data.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(data / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        refuse(f"Another broker is running on {data}: stop it, or choose another --data.")
    return descriptor


def write_properties(data: Path, port: int) -> None:
    """Write the broker's configuration into its data folder."""
    template = Template((HERE / "server.properties").read_text())
    filled = template.substitute(broker_port=port, controller_port=free_port(other_than=port))
    (data / "server.properties").write_text(filled)


def format_storage(java: list[str], data: Path) -> None:
    """Give a new data folder its cluster id, once for all; an old one keeps the id it has."""
    # Written last by the tool: without it a formatting was cut short, and can be done again.
    if (data / "log" / "meta.properties").exists():
        return
    tool = [*java, "kafka.tools.StorageTool", "format", "--config", "server.properties"]
    tool += ["--ignore-formatted", f"--cluster-id={new_cluster_id()}"]
    done = subprocess.run(tool, cwd=data, capture_output=True, text=True, check=False)
    if done.returncode:
        refuse(f"Kafka could not prepare {data}:\n{done.stdout}{done.stderr}")


def new_cluster_id() -> str:
    """A random id in Kafka's own notation: the 16 bytes of a UUID in URL-safe base 64."""
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")


def wait_until_ready(process: subprocess.Popen[bytes], port: int) -> None:
    """Return when the broker serves clients; end the script if it dies or takes too long."""
    deadline = time.monotonic() + SECONDS_TO_START
    while not is_ready(HOST, port):
        try:
            code = process.wait(timeout=0.05)
        except subprocess.TimeoutExpired:
            if time.monotonic() < deadline:
                continue
            raise SystemExit(f"Kafka gave no answer within {SECONDS_TO_START} s.") from None
        raise SystemExit(f"Kafka ended with exit code {code} before it was ready.")


def stop(process: subprocess.Popen[bytes]) -> None:
    """Stop the broker in order; by force if it takes too long or a second signal asks for it."""
    process.terminate()
    try:
        process.wait(timeout=SECONDS_TO_STOP)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        process.kill()
        process.wait()


def ends_with_us(how: signal.Signals) -> Callable[[], None]:
    """Something to run in a new child: the kernel then sends it `how` when this script is gone.

    So that even a kill -9 of the script leaves no broker behind. Only Linux can do it.
    """
    if not sys.platform.startswith("linux"):
        return lambda: None
    libc, us, set_parent_death_signal = ctypes.CDLL(None), os.getpid(), 1

    def tie() -> None:
        libc.prctl(set_parent_death_signal, int(how), 0, 0, 0)
        if os.getppid() != us:  # We ended before the tie was made.
            os._exit(1)

    return tie


def free_port(other_than: int = 0) -> int:
    """A TCP port of this machine that nobody listens on at the moment."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        port: int = listener.getsockname()[1]
    return port if port != other_than else free_port(other_than)


def refuse_taken(port: int) -> None:
    """End the script if Kafka could not listen on `port`."""
    with socket.socket() as listener:
        # As Kafka does it: connections that are only fading away are no obstacle.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError as error:
            refuse(f"Cannot listen on {HOST}:{port} ({error.strerror}): choose another --port.")


def refuse(sentence: str) -> NoReturn:
    """Say why nothing was started and end the script with code 2."""
    print(sentence, file=sys.stderr)
    raise SystemExit(2)


if __name__ == "__main__":
    sys.exit(main())
