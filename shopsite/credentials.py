"""The log-ins of `manage.py demo`, kept so that it can print them again."""

import json
from typing import NamedTuple

from django.conf import settings


class LogIn(NamedTuple):
    """Who logs in, a user name or an e-mail address, and with which password."""

    name: str
    password: str


def _read() -> dict[str, list[str]]:
    file = settings.LOCAL_DIR / "demo.json"
    found: dict[str, list[str]] = json.loads(file.read_text()) if file.exists() else {}
    return found


def find(role: str) -> LogIn | None:
    """Return the log-in that was kept for a role, if there is one."""
    kept = _read().get(role)
    return LogIn(*kept) if kept else None


def keep(role: str, log_in: LogIn) -> None:
    """Keep a role's log-in where only this user of the machine can read it."""
    file = settings.LOCAL_DIR / "demo.json"
    kept = _read() | {role: log_in}
    file.touch(mode=0o600)
    file.write_text(json.dumps(kept))
