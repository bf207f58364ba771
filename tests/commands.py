"""Ways to run the shop's commands in tests: inside the test, and as a program of their own."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from io import StringIO
from pathlib import Path
from typing import Any

from django.core.management import call_command

ROOT = Path(__file__).resolve().parent.parent
ENDS_WITHIN = 60.0  # seconds
NOBODY = "127.0.0.1:1"  # a port that nobody listens on


def said(*command: str, **options: Any) -> str:
    """Run a command inside the test and return what it wrote."""
    written = StringIO()
    call_command(*command, stdout=written, stderr=written, **options)
    return written.getvalue()


def run(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `manage.py COMMAND` as a program, with these variables besides the suite's."""
    return subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env=environment(variables),
        capture_output=True,
        text=True,
        timeout=ENDS_WITHIN,
        check=False,
    )


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the suite's environment with some variables set."""
    return {**os.environ, **variables}


def wait_for(condition: Callable[[], object], within: float = ENDS_WITHIN) -> None:
    """Return when the condition holds; fail if it takes too long."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
