"""`manage.py bridge`: takes over what the older shop writes into a topic of its own."""

import sys
from argparse import ArgumentParser
from types import FrameType
from typing import Any

from django.core.management.base import CommandError

from customers.legacy.bridge import Bridge
from kafka_bridge.management.base import ShopCommand, when_asked_to_stop
from kafka_bridge.management.progress import progress
from kafka_bridge.positions import LogBroken

PATIENCE = 0.5  # seconds between two looks at what waits


class Command(ShopCommand):
    help = (
        "Read a topic of bare JSON messages (new_customer, new_product, customer_buys_product) "
        "and publish each as an event of this shop. It goes on where it stopped, and reading "
        "twice doubles nothing. Exit code 1 if some message has no effect, which is told, or if "
        "the topic lost messages before they were read."
    )
    examples = {
        "--from old-shop": "take over what comes, until stopped",
        "--from old-shop --until-idle --json": "take over what is there, and count it",
    }

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
        parser.add_argument(
            "--skip-deleted",
            action="store_true",
            help="accept that messages were deleted before they were read, or the topic made anew",
        )
        parser.add_argument("--json", action="store_true", help="say it as a JSON object")

    def handle(self, *, until_idle: bool, **options: Any) -> None:
        self._stopping, self._as_json = False, options["json"]
        try:
            with when_asked_to_stop(self._stop):
                bridge = Bridge(
                    options["from"], options["deadline"], skip_deleted=options["skip_deleted"]
                )
                self._run(bridge, until_idle)
        except LogBroken as error:
            raise CommandError(str(error)) from error
        fates = {
            "messages could not be used": bridge.unusable,
            "purchases waited in vain and are refused": bridge.refused,
        }
        if told := [f"{count} {fate}" for fate, count in fates.items() if count]:
            raise CommandError(f"{' and '.join(told)}.")

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._stopping = True

    def _run(self, bridge: Bridge, until_idle: bool) -> None:
        try:
            with progress("bridging", bridge.reader.total) as show:
                while not self._stopping and not (until_idle and bridge.idle):
                    for one in bridge.step(PATIENCE):
                        place = f"{one.partition}/{one.offset}"
                        # Not through `self.stderr`, which the bar does not make room for.
                        print(f"{one.fate}: {place}: {one.why}", file=sys.stderr, flush=True)
                    show(bridge.read)
        finally:
            bridge.reader.close()
            self._report(bridge)

    def _report(self, bridge: Bridge) -> None:
        facts = {
            "read": bridge.read,
            "published": bridge.published,
            "waiting": len(bridge.waiting),
            "unusable": bridge.unusable,
            "refused": bridge.refused,
        }
        words = (
            "Read {read} messages and published {published} events. "
            "{waiting} purchases wait for their product or customer."
        )
        self.say(words.format_map(facts), facts, as_json=self._as_json)
