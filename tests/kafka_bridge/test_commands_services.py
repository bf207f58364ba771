"""`services`: starts, is found, ends, and leaves nothing behind."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from kafka_bridge.local import announcement
from kafka_bridge.local.announcement import AlreadyRunning, Announcement
from tests import commands
from tests.commands import wait_for

NAMES = {"KAFKA_BOOTSTRAP_SERVERS", "MONGODB_URI"}


def test_an_announcement_is_believed_while_it_is_held(tmp_path: Path) -> None:
    found = {"MONGODB_URI": "mongodb://127.0.0.1:27017/"}
    assert announcement.read(tmp_path) == {}
    with Announcement(tmp_path) as held:
        assert announcement.read(tmp_path) == {}
        held.tell(found)
        assert announcement.read(tmp_path) == found
        with pytest.raises(AlreadyRunning), Announcement(tmp_path):
            pass
        assert announcement.read(tmp_path) == found
    assert announcement.read(tmp_path) == {}


def test_what_a_killed_one_left_is_not_believed(tmp_path: Path) -> None:
    (tmp_path / announcement.NAME).write_text('{"MONGODB_URI": "mongodb://127.0.0.1:1/"}')
    assert announcement.read(tmp_path) == {}
    with Announcement(tmp_path) as held:
        assert announcement.read(tmp_path) == {}
        held.tell({})
        assert announcement.read(tmp_path) == {}


class RunningServices:
    """`manage.py services` on a folder of its own, as a program."""

    def __init__(self, folder: Path, **variables: str) -> None:
        inherited = commands.environment(variables)
        unnamed = NAMES - variables.keys()
        own = {name: value for name, value in inherited.items() if name not in unnamed}
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "services"], cwd=commands.ROOT, text=True,
            env={**own, "LOCAL_DIR": str(folder)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        self.folder = folder
        wait_for(lambda: announcement.read(folder) or self.process.poll() is not None)
        self.told = announcement.read(folder)

    def end(self, how: signal.Signals) -> str:
        """Send a signal; return what the program wrote in all."""
        self.process.send_signal(how)
        written, errors = self.process.communicate(timeout=30)
        return written + errors


def listens(uri: str) -> bool:
    """Whether anybody listens at `mongodb://HOST:PORT/`."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(uri.rpartition(":")[2].strip("/")))) == 0


@pytest.mark.slow
def test_services_end_in_order_and_tell_where_they_listen(tmp_path: Path) -> None:
    running = RunningServices(tmp_path)
    assert running.told.keys() == NAMES
    assert listens(running.told["MONGODB_URI"])
    assert "have ended" in running.end(signal.SIGTERM)
    assert running.process.returncode == 0
    assert announcement.read(tmp_path) == {}
    assert not listens(running.told["MONGODB_URI"])


@pytest.mark.slow
def test_services_killed_leave_nothing_behind_that_counts(tmp_path: Path) -> None:
    killed = RunningServices(tmp_path)
    killed.end(signal.SIGKILL)
    assert announcement.read(tmp_path) == {}
    assert (tmp_path / announcement.NAME).read_text() != ""
    wait_for(lambda: not listens(killed.told["MONGODB_URI"]))
    running = RunningServices(tmp_path)
    assert running.told != killed.told
    running.end(signal.SIGINT)


def test_what_is_named_is_not_started(tmp_path: Path) -> None:
    running = RunningServices(tmp_path, MONGODB_URI="mongodb://elsewhere:27017/")
    assert running.told.keys() == {"KAFKA_BOOTSTRAP_SERVERS"}
    running.end(signal.SIGINT)
    done = commands.run("services")  # the suite names both
    assert done.returncode == 1
    assert "nothing to start" in done.stderr


def test_a_second_start_on_the_folder_is_refused(tmp_path: Path) -> None:
    running = RunningServices(tmp_path, MONGODB_URI="mongodb://elsewhere:27017/")
    second = RunningServices(tmp_path, MONGODB_URI="mongodb://elsewhere:27017/")
    written = second.process.communicate(timeout=30)[1]
    running.end(signal.SIGINT)
    assert second.process.returncode == 1
    assert written.count("\n") == 1
    assert "running" in written
