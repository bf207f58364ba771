"""`manage.py seed`: fills the shop with made-up customers, products and purchases."""

import json
import secrets
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator
from contextlib import closing
from typing import Any, NamedTuple

from django.contrib.auth.hashers import make_password
from django.core.management.base import CommandError

from catalog.models import Product
from customers import seeding
from customers.seeding import Amounts, Seeding
from kafka_bridge import clients, direct
from kafka_bridge.backlog import Backlog, Stuck
from kafka_bridge.bulk import Bulk
from kafka_bridge.envelope import Envelope
from kafka_bridge.management.base import ShopCommand
from kafka_bridge.management.progress import progress

LOOKED_AT_EVERY = 5_000  # events
# The test cluster keeps the newest 5 MiB of each partition, which is about 90,000 events.
MOST_BEHIND = 40_000  # events
PATIENCE = 30.0  # seconds without progress of the consumers


class Done(NamedTuple):
    """What was done, for people and for machines."""

    words: str
    numbers: dict[str, int]


class Command(ShopCommand):
    help = (
        "Publish made-up products, customers and purchases of a Polish grocery. With the same "
        "--random-seed the events are the same, ids included, and change nothing a second time. "
        "The products are always the same ones: a second seed adds customers and purchases."
    )
    examples = {
        "": "50 customers, 60 products and 300 purchases",
        "--random-seed 1 --wait --json": "always the same ones; say what came of it",
        "--customers 1000 --purchases 100000": "a busy shop",
    }

    def add_arguments(self, parser: ArgumentParser) -> None:
        for name, default in Amounts(50, 60, 300)._asdict().items():
            parser.add_argument(
                f"--{name}", type=_amount, default=default, metavar="N", help=f"({default})"
            )
        parser.add_argument(
            "--random-seed", type=_amount, metavar="S", help="what all is made from (any number)"
        )
        parser.add_argument("--password", help="of all customers made (one that is made up)")
        parser.add_argument(
            "--wait", action="store_true", help="until the consumers are through with the events"
        )
        parser.add_argument(
            "--direct",
            action="store_true",
            dest="directly",
            help="write straight into MongoDB: such rows are not in the log, a rebuild drops them",
        )
        parser.add_argument("--json", action="store_true", help="say what was done as JSON")

    def handle(self, *, directly: bool, wait: bool, **options: Any) -> None:
        amounts = Amounts(*(options[name] for name in Amounts._fields))
        if amounts.purchases and not (amounts.customers and amounts.products):
            raise CommandError("Purchases need at least one customer and one product.")
        seed: int = options["random_seed"]
        if seed is None:
            seed = secrets.randbelow(1_000_000)
        password = options["password"] or seeding.password(seed)
        made = Seeding(seed, amounts, make_password(password))
        done = self._write(made) if directly else self._publish(made, wait)
        log_in = {"email": made.customer(0).email, "password": password}
        if options["json"]:
            self.stdout.write(json.dumps({"random_seed": seed, **done.numbers, **log_in}))
        else:
            self.stdout.write(done.words)
            self._tell(amounts, log_in, seed)

    def _publish(self, made: Seeding, wait: bool) -> Done:
        with closing(Pace()) as pace:
            bulk = Bulk()
            with progress("publishing", sum(made.amounts)) as told:
                bulk.publish(pace.keep(made.events()), told)
            _demand_all(bulk, made.random_seed)
            if wait:
                pace.wait(0)
        how = "The consumers are through with them" if wait else "`manage.py consume` applies them"
        return Done(
            f"Published {bulk.sent} events, and Kafka acknowledged them all. {how}.",
            {"published": bulk.sent},
        )

    def _write(self, made: Seeding) -> Done:
        if not direct.is_migrated(Product):
            raise CommandError("There are no collections yet: run `manage.py migrate` first.")
        total = sum(made.amounts)
        with progress("writing", total) as told:
            new = direct.insert(made.changes(), told)
        return Done(
            f"Wrote {new} documents straight into MongoDB; {total - new} were there already.\n"
            "They are not in the log: no event made them, and a rebuild from the log drops them.",
            {"written": new},
        )

    def _tell(self, amounts: Amounts, log_in: dict[str, str], seed: int) -> None:
        if amounts.customers:
            self.stdout.write(
                f"Customers log in as {log_in['email']} and the like, "
                f"with the password {log_in['password']}"
            )
        self.stdout.write(f"The same again, doubling nothing: --random-seed {seed}")


class Pace:
    """Keeps the log from running away from the consumers, where it forgets."""

    def __init__(self) -> None:
        self._backlog = Backlog()
        self._forgets = clients.embedded_cluster_id(clients.admin()) is not None

    def keep(self, events: Iterator[Envelope[Any]]) -> Iterator[Envelope[Any]]:
        """Hand on events as fast as the log can keep them."""
        for number, event in enumerate(events, 1):
            yield event
            if self._forgets and number % LOOKED_AT_EVERY == 0:
                self.wait(MOST_BEHIND)

    def wait(self, most: int) -> None:
        """Wait until the consumers have at most so many events to apply."""
        try:
            self._backlog.wait(most=most, patience=PATIENCE)
        except Stuck:
            raise CommandError(
                f"What was published is not being applied, for {PATIENCE:.0f} s now: is "
                "`manage.py consume` running? Seeding again with the same --random-seed doubles "
                "nothing."
            ) from None

    def close(self) -> None:
        """Let the connection go."""
        self._backlog.close()


def _demand_all(bulk: Bulk, random_seed: int) -> None:
    if not bulk.complete:
        raise CommandError(
            f"Kafka acknowledged {bulk.acknowledged} of {bulk.sent} events ({bulk.error}). "
            f"Run it again with --random-seed {random_seed}: nothing is doubled."
        )


def _amount(text: str) -> int:
    if not text.isdecimal():
        raise ArgumentTypeError("not a number from 0 on")
    return int(text)
