"""`manage.py schema`: writes the contract about events into docs/events."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kafka_bridge import contract


class Command(BaseCommand):
    help = (
        "Write the JSON Schema of each event type and version, and the AsyncAPI document of the "
        "topic, into docs/events. Fails if a schema breaks the released one of its type."
    )
    requires_system_checks = []

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

    def handle(self, *, check: bool, release: bool, **options: Any) -> None:
        if broken := list(contract.breaks()):
            raise CommandError("\n".join(broken))
        if check:
            self._check()
            return
        contract.write()
        if release:
            contract.release()
        self.stdout.write(f"Wrote {len(contract.files())} files into {contract.FOLDER}.")

    def _check(self) -> None:
        if outdated := contract.outdated():
            names = ", ".join(outdated)
            raise CommandError(f"Out of date in docs/events: {names}. Run `manage.py schema`.")
        self.stdout.write("docs/events is up to date.")
