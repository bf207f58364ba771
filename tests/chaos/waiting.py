"""Waiting for a condition, with a limit and a sentence for when it is not met."""

import time
from collections.abc import Callable

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from kafka_bridge import clients

LED_WITHIN = 20.0  # seconds


def until(condition: Callable[[], object], seconds: float, what: str | Callable[[], str]) -> float:
    """Wait until the condition holds; return the seconds that it took.

    Raises `AssertionError`, naming what was waited for, when it takes too long.
    """
    begun = time.monotonic()
    while not condition():
        if time.monotonic() - begun > seconds:
            raise AssertionError(
                f"not within {seconds} s: {what if isinstance(what, str) else what()}"
            )
        time.sleep(0.01)
    return time.monotonic() - begun


def until_led(admin: AdminClient, topic: str) -> None:
    """Wait until each partition of a new topic has its leader: Kafka creates a topic sooner."""

    def is_led() -> bool:
        try:
            return bool(clients.ends(admin, topic, within=LED_WITHIN))
        except (KafkaException, clients.KafkaUnavailable):
            return False

    until(is_led, LED_WITHIN, f"the partitions of {topic} have leaders")
