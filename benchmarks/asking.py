"""What is asked of MongoDB, command by command, and how it means to answer."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from pymongo import monitoring

from kafka_bridge.mongo import database

Command = dict[str, Any]
EXPLAINED = {"find", "aggregate", "count", "distinct"}


class _Listener(monitoring.CommandListener):
    """Keeps the commands of each thread that wants to know them."""

    def __init__(self) -> None:
        self.kept = threading.local()

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if (kept := getattr(self.kept, "commands", None)) is not None:
            kept.append(dict(event.command))

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass


_listener = _Listener()


def listen() -> None:
    """Listen to all clients that are made from now on."""
    monitoring.register(_listener)


@contextmanager
def asked() -> Iterator[list[Command]]:
    """Yield the commands that this thread sends during the block."""
    commands: list[Command] = []
    _listener.kept.commands = commands
    try:
        yield commands
    finally:
        del _listener.kept.commands


class Plan(NamedTuple):
    """How a command is answered: the stages, and how many keys or documents are looked at."""

    stages: list[str]
    examined: int


def plan(command: Command) -> Plan | None:
    """Return how MongoDB answers a command; None of one that reads no documents by a plan."""
    name = next(iter(command))
    if name not in EXPLAINED or (name == "count" and not command.get("query")):
        return None
    plain = {key: value for key, value in command.items() if key != "lsid" and key[0] != "$"}
    told = database().command("explain", plain, verbosity="executionStats")
    looked = [_every(told, f"total{what}Examined") for what in ("Keys", "Docs")]
    return Plan(
        list(map(str, _every(told, "stage"))), max(max(found, default=0) for found in looked)
    )


def _every(tree: Any, name: str) -> list[Any]:
    """Return every value that a name has anywhere in an answer, each once."""
    inner = tree.values() if isinstance(tree, Mapping) else tree if isinstance(tree, list) else ()
    own = [tree[name]] if isinstance(tree, Mapping) and name in tree else []
    found = own + [value for part in inner for value in _every(part, name)]
    return list(dict.fromkeys(found))
