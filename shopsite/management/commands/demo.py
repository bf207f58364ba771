"""`manage.py demo`: runs the whole shop on this machine until stopped."""

import errno
import fcntl
import json
import os
import signal
import socket
import sys
import webbrowser
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from django.conf import settings
from django.core.management.base import CommandError
from django.urls import reverse

from kafka_bridge.local import announcement
from kafka_bridge.management.base import ShopCommand
from shopsite import credentials
from shopsite.credentials import LogIn
from shopsite.supervision import Failed, Programs

SEED = ("--random-seed", "1", "--customers", "50", "--products", "60", "--purchases", "300")
START_WITHIN = 60.0  # seconds
THREADS = 8


class Command(ShopCommand):
    help = (
        "Run the whole shop until stopped: local services for what no variable names, some goods "
        "and customers if there are none, the consumer and the web server."
    )
    examples = {
        "": "open the shop at http://127.0.0.1:8000/",
        "--port 9000": "open it elsewhere",
    }

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="of the web server (8000)")

    def handle(self, *, port: int, **options: Any) -> None:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            with _only_one(settings.LOCAL_DIR), Programs() as programs:
                _refuse_taken(port)
                self._open(programs, port)
                programs.watch()
        except Failed as failed:
            raise CommandError(f"{failed} Everything else has been stopped, too.") from failed
        except KeyboardInterrupt:
            self.stdout.write("The shop is closed, and nothing of it is running.")

    def _open(self, programs: Programs, port: int) -> None:
        self._start_services(programs)
        self.stdout.write("Preparing the shop ...")
        programs.start("The web server", *_web_server(port))
        known = json.loads(programs.run("The preparation", "manage.py", "prepare"))
        # The test cluster knows no static members, so a consumer's successor would have to wait.
        alone = [] if "KAFKA_BOOTSTRAP_SERVERS" in os.environ else ["--alone"]
        programs.start("The consumer", "manage.py", "consume", *alone)
        customer = _seed(programs) if known["empty"] else known["customer"]
        address = f"http://127.0.0.1:{port}/"
        programs.wait_for("The first page", lambda: _answers(address), START_WITHIN)
        self._tell(address, known["operator"], customer)

    def _start_services(self, programs: Programs) -> None:
        named = {"KAFKA_BOOTSTRAP_SERVERS", "MONGODB_URI"} <= os.environ.keys()
        if named or announcement.read(settings.LOCAL_DIR):
            return
        self.stdout.write("Starting the local services ...")
        programs.start("The local services", "manage.py", "services")
        programs.wait_for(
            "The local services", lambda: announcement.read(settings.LOCAL_DIR), START_WITHIN
        )

    def _tell(self, address: str, operator: list[str] | None, customer: list[str] | None) -> None:
        self.stdout.write(f"\nThe shop is open: {address}")
        if settings.LEARNING_PAGE:
            way = address + reverse("learning").removeprefix("/")
            self.stdout.write(f"  begin at  {way}, which shows what happens as you click")
            self._show(way)
        self.stdout.write(f"  customer  {_words(customer, 'register one, or run manage.py seed')}")
        changed = "its password is not known here: manage.py changepassword operator"
        self.stdout.write(f"  operator  {_words(operator, changed)}, at {address}admin/")
        self.stdout.write("Ctrl-C closes it.\n")
        self.stdout.flush()

    def _show(self, address: str) -> None:
        """Open the address in the browser of whoever sits before a screen and started this."""
        screen = {"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys() or sys.platform == "darwin"
        if screen and self.stdout.isatty():
            webbrowser.open(address)


def _words(log_in: list[str] | None, otherwise: str) -> str:
    return f"{log_in[0]}, password {log_in[1]}" if log_in else otherwise


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Raise `CommandError` if another demonstration runs on the same folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "demo.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError(
                f"The shop is open already, on the data in {folder}: "
                "close it with Ctrl-C where it was started."
            ) from None
        yield


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        # As the web server does it: connections that are only fading away are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            why = "is taken" if error.errno == errno.EADDRINUSE else f"cannot be used ({error})"
            raise CommandError(
                f"Port {port} {why}: choose another one, as in make demo PORT={port + 1}"
            ) from error


def _web_server(port: int) -> list[str]:
    options = ["--bind", f"127.0.0.1:{port}", "--threads", str(THREADS), "--log-level", "warning"]
    return ["-m", "gunicorn", "shopsite.wsgi", "--no-control-socket", *options]


def _seed(programs: Programs) -> list[str]:
    told = json.loads(programs.run("The seeding", "manage.py", "seed", "--wait", "--json", *SEED))
    customer = LogIn(told["email"], told["password"])
    credentials.keep("customer", customer)
    return list(customer)


def _answers(address: str) -> bool:
    """Whether the shop's first page comes."""
    try:
        with urlopen(address, timeout=10) as page:  # noqa: S310  our own address
            return bool(page.status == 200)
    except HTTPError as error:
        return error.code < 500
    except (URLError, TimeoutError, ConnectionError):
        return False
