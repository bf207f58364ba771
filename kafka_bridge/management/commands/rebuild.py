"""`manage.py rebuild`: throws the projections away and builds them from the log again."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from kafka_bridge import rebuild
from kafka_bridge.consumer import Consumer
from kafka_bridge.management.base import ShopCommand
from kafka_bridge.positions import LogBroken


class Command(ShopCommand):
    help = (
        "Delete all projections, receipts and dead letters and apply the whole log again. "
        "Operators stay. Stop the consumers first."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument(
            "--accept-loss", action="store_true", help="even if the log does not hold everything"
        )

    def handle(self, *, yes: bool, accept_loss: bool, **options: Any) -> None:
        try:
            if not accept_loss:
                rebuild.check_log(settings.KAFKA_TOPIC)
            if not yes and input("Delete all projections and build them again? [y/N] ") != "y":
                raise CommandError("Nothing was deleted.")
            self.stdout.write(f"Deleted {rebuild.forget()} documents.")
            consumer = Consumer(
                instance=None, batch=1000, until_idle=True, skip_deleted=accept_loss
            )
            consumer.run()
        except LogBroken as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Applied {consumer.applied} messages.")
