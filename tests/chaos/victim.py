"""`python -m tests.chaos.victim consume ...`: manage.py in a process that can be made to fail.

FAULT=<how>:<where>:<n> lets the process end (`kill`) or freeze (`stop`) by itself, when it comes
to that point for the n-th time:

    taken           a batch is in its hands, and its transaction has not begun
    inside          the offsets are written in the transaction, and the documents are not
    before-commit   all of the transaction is written, and not committed
    after-commit    MongoDB has committed, and nothing has heard of it yet
    claim           partitions are claimed in the transaction, and it is not committed
    rebalance       partitions were claimed, and not taken up yet

WITHOUT=<mechanisms> takes some out, to show that the tests fail then: `transaction`, `fence` (the
offset is written without looking), `dedupe` (receipts are not looked at); commas between them.

The product knows nothing of this: everything is patched from here.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import django
from django.core.management import execute_from_command_line

SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}


def main() -> None:
    """Run a command of the shop with the faults that the environment names."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shopsite.settings")
    django.setup()
    _tell_start()
    for mechanism in filter(None, os.environ.get("WITHOUT", "").split(",")):
        {"transaction": _no_transaction, "fence": _no_fence, "dedupe": _no_dedupe}[mechanism]()
    if fault := os.environ.get("FAULT"):
        _arm(*fault.split(":"))
    execute_from_command_line(["manage.py", *sys.argv[1:]])


def _tell_start() -> None:
    """Say when consuming begins: the clock is the same in all processes of the machine."""
    from kafka_bridge.consumer import Consumer  # noqa: PLC0415  needs Django

    run = Consumer.run

    def told(self: Consumer) -> None:
        print(f"consuming from {time.monotonic()}", file=sys.stderr, flush=True)
        run(self)

    Consumer.run = told  # type: ignore[method-assign]


def _arm(how: str, where: str, count: str) -> None:
    from pymongo.client_session import ClientSession  # noqa: PLC0415

    from kafka_bridge.applier import Applier  # noqa: PLC0415
    from kafka_bridge.consumer import Consumer  # noqa: PLC0415
    from kafka_bridge.positions import Positions  # noqa: PLC0415

    left = iter(range(int(count) - 1, -1, -1))

    def strike() -> None:
        if next(left, None) == 0:
            # To this very thread: as the process's own, the signal could strike another one first,
            # and this one would get a step further.
            signal.pthread_kill(threading.get_ident(), SIGNALS[how])

    order, owner, name = {
        "taken": (_first, Applier, "apply_items"),
        "inside": (_then, Positions, "advance"),
        "before-commit": (_first, ClientSession, "commit_transaction"),
        "after-commit": (_then, ClientSession, "commit_transaction"),
        "claim": (_in_claim, Positions, "_take"),
        "rebalance": (_then, Consumer, "_claim"),
    }[where]
    setattr(owner, name, order(getattr(owner, name), strike))


def _first(do: Callable[..., Any], strike: Callable[[], None]) -> Callable[..., Any]:
    def both(*args: Any, **kwargs: Any) -> Any:
        strike()
        return do(*args, **kwargs)

    return both


def _then(do: Callable[..., Any], strike: Callable[[], None]) -> Callable[..., Any]:
    def both(*args: Any, **kwargs: Any) -> Any:
        done = do(*args, **kwargs)
        strike()
        return done

    return both


def _in_claim(take: Callable[..., Any], strike: Callable[[], None]) -> Callable[..., Any]:
    def both(positions: Any, partitions: Any, session: Any) -> Any:
        commit = session.commit_transaction
        session.commit_transaction = _first(commit, strike)
        try:
            return take(positions, partitions, session)
        finally:
            session.commit_transaction = commit

    return both


def _no_transaction() -> None:
    from pymongo.client_session import ClientSession  # noqa: PLC0415

    ClientSession.start_transaction = lambda *_, **__: nullcontext()  # type: ignore


def _no_fence() -> None:
    from pymongo.operations import UpdateOne  # noqa: PLC0415

    from kafka_bridge.positions import Positions  # noqa: PLC0415

    def advance(self: Positions, ends: dict[int, int], session: Any) -> None:
        moves = [
            UpdateOne({"_id": self.log.key(partition)}, {"$set": {"next": end}})
            for partition, end in ends.items()
        ]
        self._offsets.bulk_write(moves, session=session)

    Positions.advance = advance  # type: ignore


def _no_dedupe() -> None:
    from pymongo.operations import ReplaceOne  # noqa: PLC0415

    from kafka_bridge.applier import Applier  # noqa: PLC0415
    from kafka_bridge.batch import Batch  # noqa: PLC0415
    from kafka_bridge.models import Receipt  # noqa: PLC0415

    class Forgetful(set[str]):
        def __contains__(self, event_id: object) -> bool:
            return False

    def give(self: Applier, receipts: list[dict[str, Any]]) -> None:
        writes = [ReplaceOne({"_id": r["_id"]}, r, upsert=True) for r in receipts]
        if writes:
            self.database[Receipt._meta.db_table].bulk_write(writes, session=self.session)

    made = Batch.__init__

    def forget(self: Batch, *args: Any, **kwargs: Any) -> None:
        made(self, *args, **kwargs)
        self.seen = Forgetful()

    Applier._give_receipts = give  # type: ignore
    Batch.__init__ = forget  # type: ignore


if __name__ == "__main__":
    main()
