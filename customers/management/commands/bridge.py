"""`manage.py bridge`: takes over what the older shop writes into a topic of its own."""

import signal
from argparse import ArgumentParser
from collections.abc import Callable
from types import FrameType
from typing import Any

from django.core.management.base import CommandError

from customers.legacy.bridge import Bridge
from kafka_bridge.management.base import ShopCommand
from kafka_bridge.management.progress import progress

PATIENCE = 0.5  # seconds between two looks at what waits


class Command(ShopCommand):
    help = (
        "Read a topic of bare JSON messages (new_customer, new_product, customer_buys_product) "
        "and publish each as an event of this shop. It goes on where it stopped, and reading "
        "twice doubles nothing. Exit code 1 if some message could not be used."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", required=True, metavar="TOPIC", help="the topic to read")
        parser.add_argument(
            "--until-idle", action="store_true", help="end when all is read and nothing waits"
        )
        parser.add_argument(
            "--deadline",
            type=float,
            default=60.0,
            metavar="S",
            help="seconds that a purchase waits for its product and customer (60)",
        )

    def handle(self, *, until_idle: bool, deadline: float, **options: Any) -> None:
        bridge = Bridge(options["from"], deadline)
        self._told = 0
        self._stopping = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        try:
            with progress("bridging", bridge.reader.total) as show:
                self._run(bridge, until_idle, show)
        finally:
            bridge.reader.close()
        self._report(bridge)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._stopping = True

    def _run(self, bridge: Bridge, until_idle: bool, show: Callable[[int], None]) -> None:
        while not self._stopping and not (until_idle and bridge.idle):
            bridge.step(PATIENCE)
            show(bridge.read)
            for one in bridge.unusable[self._told :]:
                self.stderr.write(f"Unusable: {one.partition}/{one.offset}: {one.why}")
            self._told = len(bridge.unusable)

    def _report(self, bridge: Bridge) -> None:
        self.stdout.write(
            f"Read {bridge.read} messages and published {bridge.published} events. "
            f"{len(bridge.held)} purchases wait for their product or customer; "
            f"{bridge.overdue} waited in vain and are refused."
        )
        if bridge.unusable:
            raise CommandError(f"{len(bridge.unusable)} messages could not be used.")
