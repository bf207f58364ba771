"""`manage.py topic`: creates the topic that is the shop's log."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings

from kafka_bridge import topics
from kafka_bridge.management.base import ShopCommand


class Command(ShopCommand):
    help = (
        f"Create the topic, with {topics.PARTITIONS} partitions and nothing ever deleted. "
        "Safe to run again: a topic that is there stays as it is."
    )
    examples = {
        "": "create it, or say what is there",
        "--json": "the same for a script",
    }

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="say it as a JSON object")

    def handle(self, *, json: bool, **options: Any) -> None:
        topic = settings.KAFKA_TOPIC
        found = topics.partitions(topic)
        if not found:
            topics.create(topic)
        count = found or topics.PARTITIONS
        words = f"Topic {topic} is there, with {count} partitions."
        if not found:
            words = f"Created topic {topic} with {count} partitions."
        facts = {"topic": topic, "partitions": count, "created": not found}
        self.say(words, facts, as_json=json)
        self._warn(count)

    def _warn(self, found: int) -> None:
        if found < topics.PARTITIONS:
            # Adding some would send the events of one key to two partitions, out of order.
            self.stderr.write(
                f"That is fewer than {topics.PARTITIONS}, so no more than {found} consumers can "
                "share the work. It stays so: new partitions would break the order of events."
            )
