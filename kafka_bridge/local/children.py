"""Child processes that end with the process that started them, however it ends."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

PR_SET_PDEATHSIG = 1  # prctl(2)


def start(
    command: Sequence[str],
    *,
    orphaned: signal.Signals = signal.SIGTERM,
    stdout: int | None = None,
    cwd: Path | None = None,
) -> subprocess.Popen[str]:
    """Start a program in a session of its own, so that Ctrl-C reaches it through us only.

    On Linux the kernel sends it `orphaned` when the thread that called this is gone, even by
    kill -9. Raises `OSError` if there is no such program.
    """
    return subprocess.Popen(  # noqa: S603  our own programs with our own arguments
        command,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        cwd=cwd,
        text=True,
        start_new_session=True,
        preexec_fn=_tie(orphaned),  # noqa: PLW1509  it makes one system call
    )


def stop(process: subprocess.Popen[str], seconds: float) -> None:
    """Ask a process to end; make it end if it takes too long or Ctrl-C is pressed meanwhile."""
    process.terminate()
    try:
        process.wait(seconds)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        process.kill()
        process.wait()


def _tie(orphaned: signal.Signals) -> Callable[[], None] | None:
    if not sys.platform.startswith("linux"):
        return None
    # Looked up before the fork: after it, another thread may hold a lock for ever.
    prctl, parent, number = ctypes.CDLL(None).prctl, os.getpid(), int(orphaned)

    def tie() -> None:
        prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
        if os.getppid() != parent:  # it ended before the tie was made
            os._exit(1)

    return tie
