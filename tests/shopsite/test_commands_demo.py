"""`demo`: opens the whole shop, and leaves nothing of it behind."""

import re
import signal
import subprocess
import sys
import webbrowser
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from urllib.request import urlopen
from uuid import uuid4

import pytest

from kafka_bridge.local.mongodb import free_port
from shopsite.management.commands.demo import Command
from tests import commands
from tests.commands import wait_for
from tests.conftest import create_topic

NAMES = {"KAFKA_BOOTSTRAP_SERVERS", "MONGODB_URI"}
pytestmark = pytest.mark.slow


def descendants(pid: int) -> set[int]:
    """Return the processes that a process started, and those that they started."""
    parents = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = file.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended meanwhile
        parents[int(file.parent.name)] = int(fields[1])
    children = {child for child, parent in parents.items() if parent == pid}
    return children.union(*(descendants(child) for child in children))


def runs(pid: int) -> bool:
    """Whether a process runs: one that waits to be buried does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


class Demo:
    """`manage.py demo` on a folder of its own, as a program."""

    def __init__(self, folder: Path, port: int, **variables: str) -> None:
        inherited = commands.environment(variables | {"LOCAL_DIR": str(folder)})
        unnamed = NAMES - variables.keys()
        own = {name: value for name, value in inherited.items() if name not in unnamed}
        self.port = port
        self.log = (folder.parent / f"{folder.name}-{uuid4().hex}.log").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "demo", "--port", str(port)],
            cwd=commands.ROOT,
            env=own,
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )

    def told(self) -> str:
        """Return what the program wrote so far."""
        return Path(self.log.name).read_text()

    def opened(self) -> "Demo":
        """Wait until the shop is open."""
        wait_for(lambda: "closes it" in self.told() or self.process.poll() is not None, 120)
        assert self.process.poll() is None, self.told()
        self.programs = descendants(self.process.pid)
        return self

    def log_ins(self) -> list[str]:
        """Return the lines with the log-ins."""
        return re.findall(r"^  (?:customer|operator)  .*, password \S+", self.told(), re.MULTILINE)

    def page(self, path: str = "") -> str:
        """Return a page of the shop."""
        with urlopen(f"http://127.0.0.1:{self.port}/{path}", timeout=20) as page:
            return str(page.read().decode())

    def end(self, how: signal.Signals) -> int:
        """Send a signal and return the exit code, when nothing of the shop runs any longer."""
        self.process.send_signal(how)
        code = self.process.wait(60)
        if how is not signal.SIGKILL:
            assert not list(filter(runs, self.programs)), self.told()
        wait_for(lambda: not list(filter(runs, self.programs)))
        return code


@pytest.fixture
def demos() -> Iterator[list[Demo]]:
    """The demonstrations of a test; those that still run are ended."""
    started: list[Demo] = []
    yield started
    for demo in started:
        demo.process.kill()
        demo.process.wait()
        demo.log.close()


def test_it_opens_closes_and_opens_again_on_what_it_had(tmp_path: Path, demos: list[Demo]) -> None:
    demos.append(first := Demo(tmp_path / "shop", free_port()).opened())
    assert '"live": true' in first.page("health/live")
    assert "Mleko" in first.page("products/?q=mleko")
    assert len(first.log_ins()) == 2
    assert first.end(signal.SIGINT) == 0
    assert "nothing of it is running" in first.told()

    demos.append(again := Demo(tmp_path / "shop", first.port).opened())
    assert again.log_ins() == first.log_ins()
    assert "Mleko" in again.page("products/?q=mleko")
    assert again.end(signal.SIGKILL) == -signal.SIGKILL


@pytest.mark.parametrize("screen", [True, False])
@pytest.mark.parametrize("terminal", [True, False])
def test_it_opens_a_browser_for_who_sits_there_and_for_nobody_else(
    monkeypatch: pytest.MonkeyPatch, *, screen: bool, terminal: bool
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)
    if screen:
        monkeypatch.setenv("DISPLAY", ":0")
    words = StringIO()
    monkeypatch.setattr(words, "isatty", lambda: terminal, raising=False)
    Command(stdout=words)._tell("http://127.0.0.1:8000/", None, None)
    assert opened == ["http://127.0.0.1:8000/what-just-happened/"] * (screen and terminal)


def test_a_part_that_dies_is_named_and_takes_the_rest_along(
    tmp_path: Path, demos: list[Demo]
) -> None:
    demos.append(demo := Demo(tmp_path / "shop", free_port()).opened())
    (consumer,) = [
        pid for pid in demo.programs if "consume" in Path(f"/proc/{pid}/cmdline").read_text()
    ]
    subprocess.run(["kill", "-9", str(consumer)], check=True)
    assert demo.process.wait(60) == 1
    assert "The consumer ended by itself, with exit code -9." in demo.told()
    assert "Traceback" not in demo.told()
    wait_for(lambda: not list(filter(runs, demo.programs)))


def test_a_second_one_on_the_folder_or_the_port_is_refused(
    tmp_path: Path, demos: list[Demo]
) -> None:
    demos.append(demo := Demo(tmp_path / "shop", free_port()).opened())
    demos.append(same := Demo(tmp_path / "shop", free_port()))
    demos.append(other := Demo(tmp_path / "other", demo.port))
    assert (same.process.wait(60), other.process.wait(60)) == (1, 1)
    assert re.fullmatch("CommandError: The shop is open already.*\n", same.told())
    assert re.fullmatch(f"CommandError: Port {demo.port} is taken: choose.*\n", other.told())
    assert demo.end(signal.SIGTERM) == 0


def test_the_kafka_that_is_named_is_used(tmp_path: Path, demos: list[Demo]) -> None:
    topic = f"test-{uuid4().hex}"
    create_topic(topic)
    kafka = {name: commands.environment({})[name] for name in ["KAFKA_BOOTSTRAP_SERVERS"]}
    demos.append(
        demo := Demo(tmp_path / "shop", free_port(), KAFKA_TOPIC=topic, KAFKA_GROUP=topic, **kafka)
    )
    demo.opened()
    assert "Mleko" in demo.page("products/?q=mleko")
    assert len(commands.run("events", KAFKA_TOPIC=topic).stdout.splitlines()) == 410
    assert demo.end(signal.SIGINT) == 0
