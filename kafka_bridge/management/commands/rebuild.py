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
    examples = {
        "": "ask, then build everything anew",
        "--yes --json": "without asking, for a script",
    }

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument(
            "--accept-loss", action="store_true", help="even if the log does not hold everything"
        )
        parser.add_argument("--json", action="store_true", help="say it as a JSON object")

    def handle(self, *, yes: bool, accept_loss: bool, **options: Any) -> None:
        as_json = options["json"]
        if as_json and not yes:
            raise CommandError("With --json nothing is asked: add --yes.", returncode=2)
        try:
            if not accept_loss:
                rebuild.check_log(settings.KAFKA_TOPIC)
            if not yes and not _agreed():
                raise CommandError("Nothing was deleted.")
            deleted, applied = rebuild.forget(), _apply(accept_loss)
        except LogBroken as error:
            raise CommandError(str(error)) from error
        words = f"Deleted {deleted} documents.\nApplied {applied} messages."
        self.say(words, {"deleted": deleted, "applied": applied}, as_json=as_json)


def _agreed() -> bool:
    try:
        return input("Delete all projections and build them again? [y/N] ") == "y"
    except EOFError:  # there is nobody to ask
        return False


def _apply(accept_loss: bool) -> int:
    consumer = Consumer(instance=None, batch=1000, until_idle=True, skip_deleted=accept_loss)
    consumer.run()
    return consumer.applied
