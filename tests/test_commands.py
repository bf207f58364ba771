"""Every command of the shop explains itself with examples, and can be used by scripts."""

import contextlib
import json
import os
import pty
import re
import shlex
import subprocess
import sys
from typing import Any

import pytest
from django.core.management import get_commands, load_command_class
from django.core.management.base import CommandError

from kafka_bridge.management.base import EXIT_CODES, INTERRUPTED, TRY_AGAIN, ShopCommand
from tests import commands
from tests.commands import said
from tests.conftest import Consume, Publish, create_topic
from tests.pages import MILK

OURS = {
    name: app
    for name, app in get_commands().items()
    if app in {"kafka_bridge", "catalog", "customers", "shopsite"}
}
DOCS = (commands.ROOT / "docs" / "commands.md").read_text()
# What people start and watch, and what always writes JSON.
WITHOUT_JSON = {"demo", "prepare"}


def loaded(name: str) -> ShopCommand:
    command = load_command_class(OURS[name], name)
    assert isinstance(command, ShopCommand)
    return command


def test_the_shop_has_commands() -> None:
    assert {"consume", "demo", "list_customers", "list_products", "seed"} <= OURS.keys()


@pytest.mark.parametrize("name", sorted(OURS))
def test_help_has_examples_that_can_be_called(name: str) -> None:
    command = loaded(name)
    parser = command.create_parser("manage.py", name)
    shown = " ".join(parser.format_help().split())
    assert command.help[:20] in shown
    for call, what in command.examples.items():
        parser.parse_args(shlex.split(call))
        assert " ".join(f"manage.py {name} {call} {what}".split()) in shown
    assert " ".join(EXIT_CODES.split()) in shown


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_option_is_explained(name: str) -> None:
    parser = loaded(name).create_parser("manage.py", name)
    assert all(action.help for action in parser._actions)


@pytest.mark.parametrize("name", sorted(OURS))
def test_what_is_for_machines_can_be_had_as_json(name: str) -> None:
    parser = loaded(name).create_parser("manage.py", name)
    options = {option for action in parser._actions for option in action.option_strings}
    assert ("--json" in options) is (name not in WITHOUT_JSON)


def test_the_documentation_lists_them_all_and_all_exit_codes() -> None:
    listed = re.findall(r"^\| `(\w+)` \|", DOCS, re.MULTILINE)
    assert listed == sorted(OURS)
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", DOCS, re.MULTILINE)}
    assert documented == {0, 1, 2, TRY_AGAIN, INTERRUPTED}
    assert {int(code) for code in re.findall(r"^  (\d+) ", EXIT_CODES, re.MULTILINE)} == documented


def told(*command: str) -> Any:
    """Return what a command says as JSON."""
    return json.loads(said(*command, "--json"))


def test_commands_say_as_json_what_they_did(publish: Publish, topic: str, db: None) -> None:
    publish(MILK, "milk")
    assert told("topic") == {"topic": topic, "partitions": 6, "created": False}
    assert told("consume", "--until-idle") == {"applied": 1}
    assert told("rebuild", "--yes", "--accept-loss") == {"deleted": 2, "applied": 1}
    assert told("groups") == {"made": {"operator": True, "support": True, "admin": True}}
    assert told("groups") == {"made": {"operator": False, "support": False, "admin": False}}
    assert told("schema", "--check") == {"outdated": []}
    create_topic(f"{topic}-old")
    bridged = told("bridge", "--from", f"{topic}-old", "--until-idle")
    assert bridged == dict.fromkeys(("read", "published", "waiting", "unusable", "refused"), 0)


def test_a_rebuild_that_cannot_ask_deletes_nothing(publish: Publish, consume: Consume) -> None:
    publish(MILK, "milk")
    consume()
    with pytest.raises(CommandError, match="add --yes") as raised:
        said("rebuild", "--json")
    assert raised.value.returncode == 2
    done = subprocess.run(
        [sys.executable, "manage.py", "rebuild", "--accept-loss"],
        cwd=commands.ROOT, env=commands.environment({"MONGODB_NAME": "nothing-yet"}),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == "CommandError: Nothing was deleted.\n"


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("events", TRY_AGAIN),
        ("consume --until-idle", TRY_AGAIN),
        ("consume --until-idle --batch many", 2),
        ("schema --check", 0),
    ],
)
def test_exit_codes_tell_what_to_do(call: str, code: int) -> None:
    done = commands.run(*call.split(), KAFKA_BOOTSTRAP_SERVERS=commands.NOBODY)
    assert done.returncode == code, done.stderr


def test_a_missing_topic_is_no_matter_of_waiting(topic: str) -> None:
    done = commands.run("consume", "--until-idle", KAFKA_TOPIC=f"{topic}-missing")
    assert done.returncode == 1
    assert "manage.py topic" in done.stderr


REFUSED = ("rebuild", "--json")  # at once, without a server


def on_a_terminal(**variables: str) -> str:
    """Return what a failing command shows on a terminal."""
    ours, theirs = pty.openpty()
    program = subprocess.Popen(
        [sys.executable, "manage.py", *REFUSED],
        cwd=commands.ROOT,
        stdout=theirs,
        stderr=theirs,
        env=commands.environment(variables),
    )
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # how Linux tells that nobody writes any more
        while piece := os.read(ours, 4096):
            shown += piece
    os.close(ours)
    assert program.wait() == 2
    return shown.decode()


def test_colours_are_for_terminals_and_for_who_wants_them() -> None:
    unset = {"NO_COLOR": ""}
    assert "\x1b[" in on_a_terminal(**unset)
    assert "\x1b[" not in on_a_terminal(NO_COLOR="1")
    piped = commands.run(*REFUSED, **unset)
    assert "add --yes" in piped.stderr
    assert "\x1b[" not in piped.stderr
