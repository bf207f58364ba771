"""Notices a log that changes its identity or its partitions while a consumer reads it.

Kafka's clients do not tell: a topic that is deleted and made anew is read on at the old offset, or
not at all, and new partitions are seen minutes later.
"""

import time
from concurrent.futures import Future
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicCollection

from kafka_bridge import clients
from kafka_bridge.positions import LogBroken

EVERY = 5.0  # seconds between two questions
GONE = {KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION}
APPLIED_ANEW = (
    "Start again: the new log is applied from its beginning, and an event that was applied before "
    "is not applied twice."
)


class Watch:
    """Asks the cluster about a topic now and then, and never waits for the answer.

    `advice` says what to do about a topic that was made anew, and what comes of it.
    """

    def __init__(self, topic: str, identity: str, advice: str) -> None:
        self._topic, self._identity, self._advice = topic, identity, advice
        self._admin = clients.admin()
        self._asked: Future[Any] | None = None
        self._due = time.monotonic() + EVERY

    def partitions(self) -> int:
        """Return how many partitions the topic has, if there is news of that, else 0.

        Raises `LogBroken` if it is gone, or another topic has its name. That no broker answers is
        no news: the consumer finds out for itself.
        """
        if self._asked is not None and self._asked.done():
            asked, self._asked = self._asked, None
            return self._judge(asked)
        if self._asked is None and time.monotonic() >= self._due:
            self._due = time.monotonic() + EVERY
            topics = TopicCollection([self._topic])
            found = self._admin.describe_topics(topics, request_timeout=clients.ANSWER_WITHIN)
            self._asked = found[self._topic]
        return 0

    def look(self) -> None:
        """Wait for an answer; raises `LogBroken` as `partitions` does, or `KafkaUnavailable`."""
        if clients.topic_identity(self._topic) != self._identity:
            raise LogBroken(made_anew(self._topic, self._advice))

    def _judge(self, asked: Future[Any]) -> int:
        try:
            found = asked.result()
        except KafkaException as error:
            if error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise LogBroken(gone(self._topic)) from error
            return 0
        # The test cluster gives topics no ids: there the identity is another (see `clients`).
        embedded = self._identity.startswith("mockCluster")
        if not embedded and str(found.topic_id) != self._identity:
            raise LogBroken(made_anew(self._topic, self._advice))
        return len(found.partitions)


def gone(topic: str) -> str:
    """Return what to say of a topic that is no longer there."""
    return f"The topic {topic} was deleted. Start again when it is there."


def made_anew(topic: str, advice: str) -> str:
    """Return what to say when another topic has the name."""
    return f"The topic {topic} was deleted and made anew. {advice}"


def missing(topic: str, partition: int, held: tuple[int, int], wanted: int) -> str:
    """Return what to say when a partition holds other offsets than the one to apply next."""
    first, end = held
    cause = (
        "Records were deleted before they were applied; `consume --skip-deleted` goes on without "
        "them."
        if wanted < first
        else "The log lost its end; docs/reliability.md says what to do."
    )
    return (
        f"Partition {partition} of {topic} holds offsets {first} to {end}, and the next one to "
        f"apply is {wanted}. {cause}"
    )
