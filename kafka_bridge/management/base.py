"""What all commands of the shop share: examples, exit codes, and one sentence when one fails."""

import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any, ClassVar, TextIO
from urllib.parse import urlsplit

from confluent_kafka import KafkaError, KafkaException
from django.conf import settings
from django.core.management.base import (
    BaseCommand,
    CommandError,
    CommandParser,
    DjangoHelpFormatter,
)
from django.db import DatabaseError
from pymongo.errors import ConnectionFailure, PyMongoError

from kafka_bridge import clients
from kafka_bridge.clients import KafkaUnavailable, NoTopic
from kafka_bridge.publisher import NotPublished, TooLarge

# Exit codes; docs/commands.md explains them. 2 is argparse's, for a wrong call.
TRY_AGAIN = 75  # EX_TEMPFAIL of sysexits.h
INTERRUPTED = 130  # as of a program that Ctrl-C ended

EXIT_CODES = """exit codes:
  0    done
  1    not done: the sentence on stderr says what somebody has to decide or mend
  2    called wrongly
  75   a server does not answer: the same call may succeed later
  130  interrupted
"""
AWAY = {KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT, KafkaError._TIMED_OUT}


@contextmanager
def when_asked_to_stop(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Have SIGTERM and Ctrl-C call a handler, and do as before when that is over."""
    before = {each: signal.signal(each, handler) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for each, handled in before.items():
            signal.signal(each, handled)


class ShopCommand(BaseCommand):
    """A command of the shop.

    `examples` are shown by `--help`: arguments and what they do. A server that does not answer
    gives one sentence and exit code 75, Ctrl-C exit code 130, and a reader that has gone
    (`| head`) none of either. There are colours on a terminal only, and none if `NO_COLOR` is set.
    """

    examples: ClassVar[Mapping[str, str]]
    requires_system_checks = []  # they are `manage.py check`'s matter, and cost time at each call

    def __init__(
        self,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
        no_color: bool = False,
        force_color: bool = False,
    ) -> None:
        plain = no_color or bool(os.environ.get("NO_COLOR") and not force_color)
        super().__init__(stdout, stderr, no_color=plain, force_color=force_color)

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Return the parser of the command's arguments, with examples below its help."""
        lines = [f"  manage.py {subcommand} {call}".rstrip() for call in self.examples]
        width = max(map(len, lines))
        told = [
            f"{line:<{width}}  {what}"
            for line, what in zip(lines, self.examples.values(), strict=True)
        ]
        epilog = "\n".join(["examples:", *told, "", EXIT_CODES])
        chosen = {"epilog": epilog, "formatter_class": HelpFormatter} | kwargs
        return super().create_parser(prog_name, subcommand, **chosen)

    def say(self, words: str, facts: Mapping[str, Any], *, as_json: bool) -> None:
        """Write what was done, in words or as a JSON object."""
        self.stdout.write(json.dumps(facts, ensure_ascii=False) if as_json else words)
        self.stdout.flush()

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
            code = TRY_AGAIN if _kafka_is_away(error) else 1
            raise CommandError(_of_kafka(error), returncode=code) from error
        except (DatabaseError, PyMongoError) as error:
            code = TRY_AGAIN if isinstance(_cause(error), ConnectionFailure) else 1
            raise CommandError(_of_mongodb(_cause(error)), returncode=code) from error
        finally:
            clients.log.setLevel(level)


class HelpFormatter(DjangoHelpFormatter):
    """Wraps what a command says of itself, and leaves the lines of its examples alone."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        keep = text.startswith("examples:")
        return text if keep else super()._fill_text(text, width, indent)


def _leave_pipe() -> None:
    """Let what is still buffered go nowhere, so that Python's last flush does not fail."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _of_kafka(error: Exception) -> str:
    if isinstance(error, KafkaException):
        return f"Kafka: {error.args[0].str()}."
    return f"Not published: {error}." if isinstance(error, NotPublished) else str(error)


def _kafka_is_away(error: Exception) -> bool:
    if isinstance(error, KafkaException):
        return error.args[0].code() in AWAY
    return not isinstance(error, NoTopic | TooLarge)


def _cause(error: BaseException) -> BaseException:
    """Return the error of MongoDB's own client, of which Django makes another."""
    of_client = isinstance(error, DatabaseError) and isinstance(error.__cause__, PyMongoError)
    return error.__cause__ or error if of_client else error


def _of_mongodb(error: BaseException) -> str:
    if isinstance(error, ConnectionFailure):
        # Without what stands before the @: that is a password.
        where = urlsplit(settings.MONGODB_URI).netloc.rpartition("@")[2]
        return f"MongoDB does not answer at {where}. Is it running?"
    return f"MongoDB refused ({type(error).__name__}): {error}"
