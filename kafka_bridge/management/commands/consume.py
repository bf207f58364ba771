"""`manage.py consume`: applies the events of the topic to MongoDB."""

import os
from argparse import ArgumentParser
from types import FrameType
from typing import Any

from django.core.management.base import CommandError

from kafka_bridge.consumer import Consumer
from kafka_bridge.management.base import ShopCommand, when_asked_to_stop
from kafka_bridge.membership import Membership
from kafka_bridge.positions import LogBroken


class Command(ShopCommand):
    help = "Apply the events of the topic to MongoDB, until stopped."
    examples = {
        "": "apply events as they come, sharing them with others of the group",
        "--alone": "take all partitions, with no group: for the test cluster",
        "--until-idle --json": "apply what is there, and say how much that was",
    }

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
        parser.add_argument("--json", action="store_true", help="say it as a JSON object")

    def handle(self, *, alone: bool, **options: Any) -> None:
        self._as_json = options["json"]
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

        with when_asked_to_stop(stop):
            consumer.run()
        words = f"Applied {consumer.applied} messages."
        self.say(words, {"applied": consumer.applied}, as_json=self._as_json)
