"""`manage.py topic`: creates the topic that is the shop's log."""

from typing import Any

from django.conf import settings

from kafka_bridge import topics
from kafka_bridge.management.base import ShopCommand


class Command(ShopCommand):
    help = (
        f"Create the topic, with {topics.PARTITIONS} partitions and nothing ever deleted. "
        "Safe to run again: a topic that is there stays as it is."
    )

    def handle(self, **options: Any) -> None:
        topic = settings.KAFKA_TOPIC
        if found := topics.partitions(topic):
            self._describe(topic, found)
            return
        topics.create(topic)
        self.stdout.write(f"Created topic {topic} with {topics.PARTITIONS} partitions.")

    def _describe(self, topic: str, found: int) -> None:
        self.stdout.write(f"Topic {topic} is there, with {found} partitions.")
        if found < topics.PARTITIONS:
            # Adding some would send the events of one key to two partitions, out of order.
            self.stderr.write(
                f"That is fewer than {topics.PARTITIONS}, so no more than {found} consumers can "
                "share the work. It stays so: new partitions would break the order of events."
            )
