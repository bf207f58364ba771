"""`manage.py events`: shows what stands in the log."""

from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from kafka_bridge import lines, registry, tail
from kafka_bridge.batch import Item, read
from kafka_bridge.management.base import ShopCommand


class Command(ShopCommand):
    help = (
        "Show the events of the topic, one a line, in order within a partition. Reading them "
        "moves no consumer. Personal data are masked, as is the content of messages that are no "
        "events of this shop, with --json as well."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--follow", action="store_true", help="wait for more, until stopped")
        parser.add_argument(
            "--from", type=_offset, default=0, metavar="N", help="first offset of each partition"
        )
        parser.add_argument(
            "--type", choices=registry.current_types(), help="only events of this type"
        )
        parser.add_argument("--json", action="store_true", help="a JSON object a line")
        parser.add_argument("--unmasked", action="store_true", help="show everything")

    def handle(self, *, follow: bool, json: bool, unmasked: bool, **options: Any) -> None:
        line = lines.as_json if json else lines.for_people
        for records in tail.records(options["from"], follow=follow):
            for item in map(read, records):
                if options["type"] in (None, _type_of(item)):
                    self.stdout.write(line(item, masked=not unmasked))
            self.stdout.flush()


def _type_of(item: Item) -> str:
    return item.event.type if item.event else ""


def _offset(text: str) -> int:
    if not text.isdecimal():
        raise ArgumentTypeError("an offset is a number from 0 on")
    return int(text)
