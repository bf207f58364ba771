"""A consumer's name in its group: the first that nobody bears, however its bearer ended."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_django import Settings

from kafka_bridge.membership import Membership

HOST = socket.gethostname()
BEARER = """
import django, signal
django.setup()
from kafka_bridge.membership import Membership
with Membership() as name:
    print(name, flush=True)
    signal.pause()
"""


@pytest.fixture(autouse=True)
def own_folder(settings: Settings, tmp_path: Path) -> Path:
    """Names of this test alone."""
    settings.LOCAL_DIR = tmp_path
    return tmp_path


def test_names_are_counted_from_one() -> None:
    with Membership() as first, Membership() as second, Membership() as third:
        assert [first, second, third] == [f"{HOST}-{number}" for number in (1, 2, 3)]


def test_a_name_that_was_given_back_is_given_out_again() -> None:
    with Membership():
        pass
    with Membership() as first:
        assert first == f"{HOST}-1"
        with Membership() as second:
            pass
        with Membership() as again:
            assert again == second == f"{HOST}-2"


def test_groups_do_not_take_names_from_each_other(settings: Settings) -> None:
    with Membership() as mine:
        settings.KAFKA_GROUP = "others"
        with Membership() as theirs:
            assert mine == theirs


def test_a_name_is_free_as_soon_as_its_bearer_is_killed(own_folder: Path) -> None:
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "shopsite.settings",
        "LOCAL_DIR": str(own_folder),
    }
    bearer = subprocess.Popen(
        [sys.executable, "-c", BEARER], env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert bearer.stdout is not None
        assert bearer.stdout.readline().strip() == f"{HOST}-1"
        with Membership() as other:
            assert other == f"{HOST}-2"
    finally:
        bearer.send_signal(signal.SIGKILL)
        bearer.communicate()
    with Membership() as successor:
        assert successor == f"{HOST}-1"
