"""`manage.py consume`: applies the events of the topic to MongoDB."""

import os
import signal
from argparse import ArgumentParser
from types import FrameType
from typing import Any

from django.core.management.base import CommandError

from kafka_bridge.consumer import Consumer
from kafka_bridge.management.base import ShopCommand
from kafka_bridge.membership import Membership
from kafka_bridge.positions import LogBroken


class Command(ShopCommand):
    help = "Apply the events of the topic to MongoDB, until stopped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--until-idle", action="store_true", help="end when all that is there is applied"
        )
        parser.add_argument(
            "--alone",
            action="store_true",
            help="take all partitions at once without joining the consumer group",
        )
        parser.add_argument(
            "--batch", type=int, default=1000, help="most events in one transaction (1000)"
        )

        parser.add_argument(
            "--skip-deleted",
            action="store_true",
            help="accept that records were deleted from the log before they were applied",
        )

    def handle(self, *, alone: bool, **options: Any) -> None:
        chosen = {name: options[name] for name in ("batch", "until_idle", "skip_deleted")}
        try:
            if alone or chosen["until_idle"]:
                self._run(Consumer(instance=None, **chosen))
            else:
                with Membership() as instance:
                    self._run(Consumer(instance=instance, **chosen))
        except LogBroken as error:
            raise CommandError(str(error)) from error

    def _run(self, consumer: Consumer) -> None:
        def stop(number: int, frame: FrameType | None) -> None:
            if consumer.stopping:  # asked twice: what is under way is applied again later
                os._exit(128 + number)
            consumer.stopping = True

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        consumer.run()
        self.stdout.write(f"Applied {consumer.applied} messages.")
