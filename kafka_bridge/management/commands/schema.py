"""`manage.py schema`: writes the contract about events into docs/events."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from kafka_bridge import contract
from kafka_bridge.management.base import ShopCommand


class Command(ShopCommand):
    help = (
        "Write the JSON Schema of each event type and version, and the AsyncAPI document of the "
        "topic, into docs/events. Fails if a schema breaks the released one of its type."
    )
    examples = {
        "": "after a type was added or changed",
        "--check": "fail if somebody forgot that",
        "--release": "promise that later versions can read what is written now",
    }

    def add_arguments(self, parser: ArgumentParser) -> None:
        either = parser.add_mutually_exclusive_group()
        either.add_argument(
            "--check", action="store_true", help="write nothing; fail if a file is out of date"
        )
        either.add_argument(
            "--release",
            action="store_true",
            help="keep the schemas also as the released ones, which later ones must not break",
        )
        parser.add_argument("--json", action="store_true", help="say it as a JSON object")

    def handle(self, *, check: bool, release: bool, json: bool, **options: Any) -> None:
        if broken := list(contract.breaks()):
            raise CommandError("\n".join(broken))
        if check:
            self._check(json)
            return
        contract.write()
        if release:
            contract.release()
        count, folder = len(contract.files()), str(contract.FOLDER)
        words = f"Wrote {count} files into {folder}."
        self.say(words, {"written": count, "folder": folder}, as_json=json)

    def _check(self, json: bool) -> None:
        if outdated := contract.outdated():
            names = ", ".join(outdated)
            raise CommandError(f"Out of date in docs/events: {names}. Run `manage.py schema`.")
        self.say("docs/events is up to date.", {"outdated": []}, as_json=json)
