"""Stored messages, one for each event type and version: what once was written must stay readable.

A file has the message's key, headers and value as texts; their UTF-8 is the message to the byte.
`python -m tests.golden` stores one for each type that has none yet, and touches no other.
"""

import json
from pathlib import Path

from kafka_bridge.envelope import Message

FOLDER = Path(__file__).parent


def load(name: str) -> Message:
    """Return the stored message of an event type."""
    stored = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    headers = [(header, value.encode()) for header, value in stored["headers"]]
    return Message(stored["key"].encode(), stored["value"].encode(), headers)


def stored_names() -> list[str]:
    """Return the types that have a stored message."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))
