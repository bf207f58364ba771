"""`manage.py events`: shows what stands in the log."""

from argparse import ArgumentParser, ArgumentTypeError
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import msgspec

from kafka_bridge import lines, registry, tail
from kafka_bridge.batch import Item, read
from kafka_bridge.management.base import ShopCommand


class Command(ShopCommand):
    help = (
        "Show the events of the topic, one a line, in order within a partition. Reading them "
        "moves no consumer. Personal data are masked, as is the content of messages that are no "
        "events of this shop, with --json as well."
    )
    examples = {
        "--follow": "show the log, and go on with what comes",
        "--type shop.product.bought.v1 --json": "purchases, for another program",
        "--from 100": "leave out the first hundred of each partition",
    }

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--follow", action="store_true", help="wait for more, until stopped")
        parser.add_argument(
            "--from", type=_offset, default=0, metavar="N", help="first offset of each partition"
        )
        parser.add_argument(
            "--type", choices=registry.current_types(), help="only events of this type"
        )
        parser.add_argument("--json", action="store_true", help="a JSON object a line")
        for name in registry.shapes:
            parser.add_argument(
                f"--{name}",
                action="store_const",
                const=name,
                dest="shape",
                help="as another system writes them, a JSON object a line, with personal data; "
                "what it has no word for is left out and counted",
            )
        parser.add_argument("--unmasked", action="store_true", help="show everything")

    def handle(self, *, follow: bool, json: bool, unmasked: bool, **options: Any) -> None:
        shape = registry.shapes.get(options["shape"])
        as_line = lines.as_json if json else lines.for_people
        tell = partial(_shaped, shape) if shape else partial(as_line, masked=not unmasked)
        left_out: Counter[str] = Counter()
        try:
            for records in tail.records(options["from"], follow=follow):
                items = map(read, records)
                chosen = (one for one in items if options["type"] in (None, _type_of(one)))
                self._show(chosen, tell, left_out)
        finally:
            for kind, count in sorted(left_out.items()):
                self.stderr.write(f"Left out: {count} × {kind}")

    def _show(
        self, items: Iterable[Item], tell: Callable[[Item], str | None], left_out: Counter[str]
    ) -> None:
        for item in items:
            told = tell(item)
            if told is None:
                left_out[_type_of(item) or "undecodable"] += 1
            else:
                self.stdout.write(told)
        self.stdout.flush()


def _shaped(shape: registry.Shape, item: Item) -> str | None:
    told = shape(item.event) if item.event else None
    return None if told is None else msgspec.json.encode(told).decode()


def _type_of(item: Item) -> str:
    return item.event.type if item.event else ""


def _offset(text: str) -> int:
    if not text.isdecimal():
        raise ArgumentTypeError("an offset is a number from 0 on")
    return int(text)
