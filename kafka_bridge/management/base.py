"""What all commands of the shop share: one sentence when something fails, and a quiet end."""

import logging
import os
import sys
from typing import Any
from urllib.parse import urlsplit

from confluent_kafka import KafkaException
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from pymongo.errors import ConnectionFailure, PyMongoError

from kafka_bridge import clients
from kafka_bridge.clients import KafkaUnavailable
from kafka_bridge.publisher import NotPublished

INTERRUPTED = 130  # the exit code of a program that Ctrl-C ended


class ShopCommand(BaseCommand):
    """A command that needs Kafka or MongoDB.

    A server that does not answer gives one sentence and exit code 1, Ctrl-C exit code 130, and a
    reader that has gone (`| head`) none of either.
    """

    requires_system_checks = []  # they are `manage.py check`'s matter, and cost time at each call

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run the command; raises `CommandError` in place of what a server made it fail with."""
        level = clients.log.level
        # The sentence says it; librdkafka would say the same twenty times a second.
        clients.log.setLevel(logging.CRITICAL)
        try:
            return super().execute(*args, **options)
        except BrokenPipeError:
            _leave_pipe()
            return None
        except KeyboardInterrupt:
            raise CommandError("Interrupted.", returncode=INTERRUPTED) from None
        except (KafkaUnavailable, NotPublished, KafkaException) as error:
            raise CommandError(_of_kafka(error)) from error
        except (DatabaseError, PyMongoError) as error:
            raise CommandError(_of_mongodb(error)) from error
        finally:
            clients.log.setLevel(level)


def _leave_pipe() -> None:
    """Let what is still buffered go nowhere, so that Python's last flush does not fail."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _of_kafka(error: Exception) -> str:
    if isinstance(error, KafkaException):
        return f"Kafka: {error.args[0].str()}."
    return f"Not published: {error}." if isinstance(error, NotPublished) else str(error)


def _of_mongodb(error: BaseException) -> str:
    if isinstance(error, DatabaseError) and isinstance(error.__cause__, PyMongoError):
        error = error.__cause__
    if isinstance(error, ConnectionFailure):
        # Without what stands before the @: that is a password.
        where = urlsplit(settings.MONGODB_URI).netloc.rpartition("@")[2]
        return f"MongoDB does not answer at {where}. Is it running?"
    return f"MongoDB refused ({type(error).__name__}): {error}"
