"""What a consumer tells of its troubles: each of them at once, and then once a minute."""

import logging
import time

from confluent_kafka import KafkaError
from pymongo.errors import OperationFailure

TOLD_EVERY = 60.0  # seconds between log lines about the same trouble

log = logging.getLogger(__name__)


class Troubles:
    """Logs troubles, but none of them more than once a minute."""

    def __init__(self) -> None:
        self._told: dict[str, float] = {}

    def tell(self, what: str, error: Exception | KafkaError) -> None:
        """Log a trouble, unless it was logged a moment ago; see `name_of`."""
        now = time.monotonic()
        if now - self._told.get(what, -TOLD_EVERY) >= TOLD_EVERY:
            log.warning("%s (%s).", what, name_of(error))
            self._told[what] = now


def name_of(error: Exception | KafkaError) -> str:
    """Return what an error may tell a log: MongoDB's texts can hold documents, so name and code."""
    if isinstance(error, KafkaError):
        return error.str()
    code = f" {error.code}" if isinstance(error, OperationFailure) else ""
    return f"{type(error).__name__}{code}"
