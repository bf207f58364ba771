"""Throws the projections away, so that the consumer builds them from the log again.

A rebuild that is interrupted leaves its mark beside the offsets, and no consumer starts before
it has been run to its end: half-deleted projections would be applied to as if they were whole.
"""

from django.apps import apps
from django.conf import settings
from django.db.models import Model

from kafka_bridge import clients
from kafka_bridge.models import DeadLetter, Offset, Projection
from kafka_bridge.mongo import database
from kafka_bridge.positions import LogBroken, rebuild_mark


def check_log(topic: str) -> None:
    """Raise `LogBroken` unless the log holds all that was applied, from its first record on."""
    kept = clients.first_offsets(topic)
    log = f"{topic}@{clients.topic_identity(topic)}"
    others = Offset.objects.filter(group=settings.KAFKA_GROUP, next__gt=0).exclude(log=log)
    if any(kept.values()) or others.exists():
        raise LogBroken(
            f"The log {topic} does not hold all that was applied: what is missing would be gone "
            "after a rebuild. `rebuild --accept-loss` does it all the same."
        )


def forget() -> int:
    """Delete all projections, dead letters and offsets; return how many documents that were."""
    group, mark = settings.KAFKA_GROUP, rebuild_mark(settings.KAFKA_GROUP)
    offsets = database()[Offset._meta.db_table]
    offsets.replace_one({"_id": mark}, {"_id": mark}, upsert=True)
    deleted = 0
    while True:
        # Without its offset a consumer that still runs is fenced, and stops at the mark. One that
        # looked for the mark just before may store a first offset yet, and begin to apply.
        offsets.delete_many({"group": group})
        deleted += _clear()
        if offsets.find_one({"group": group}) is None:
            break
    offsets.delete_one({"_id": mark})
    return deleted


def _clear() -> int:
    projections = [model for model in apps.get_models() if issubclass(model, Projection)]
    cleared: list[type[Model]] = [*projections, DeadLetter]
    return sum(database()[model._meta.db_table].delete_many({}).deleted_count for model in cleared)
