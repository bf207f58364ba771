"""Nothing depends on how partitions interleave, on batches or on restarts.

Kafka keeps the order within a partition, and no more than that is relied on.
"""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kafka_bridge.batch import Record
from tests.histories import MILK, PRODUCTS, History, Step, expected, observed, steps
from tests.logs import forget
from tests.model import Shop

PARTITIONS = 3

# A shop that has something to sell, so that most steps meet something; numbers are duplicates.
BEGINNING = [Step(key, MILK) for key in PRODUCTS]
histories = st.integers(1, 25).flatmap(
    lambda size: st.lists(st.one_of(steps, steps, st.integers(0, 50)), min_size=size, max_size=size)
)


def written(chosen: list[Step | int], where: st.SearchStrategy[int], data: Any) -> History:
    """Write a history, each key into a partition that is drawn for it."""
    history, partitions = History(PARTITIONS), dict[str, int]()
    for step in [*BEGINNING, *chosen]:
        if isinstance(step, Step):
            if step.key not in partitions:
                partitions[step.key] = data.draw(where, label=f"partition of {step.key}")
            history.send(step, partitions[step.key])
        elif history.sent:
            history.send_again(step)
    return history


def taken(queues: list[list[Record]], data: Any) -> list[Record]:
    """Take a batch: a few records, from any partitions, in each in its order."""
    batch = []
    for _ in range(data.draw(st.integers(1, 8), label="batch")):
        if not any(queues):
            break
        queue = data.draw(st.sampled_from([queue for queue in queues if queue]))
        batch.append(queue.pop(0))
    return batch


@pytest.mark.django_db
@settings(
    max_examples=settings().max_examples // 2,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(chosen=histories, data=st.data())
def test_any_interleaving_gives_the_documents_of_the_plain_model(
    db: None, chosen: list[Step | int], data: Any
) -> None:
    forget()
    history = written(chosen, st.integers(0, PARTITIONS - 1), data)
    shop = Shop()
    for record in history.in_order:
        history.tell(shop, record)
    applier = history.log.applier()
    queues = [list(records) for records in history.log.partitions]
    while any(queues):
        applier.apply(taken(queues, data))
        if data.draw(st.booleans(), label="restart"):
            applier = history.log.applier()
    assert observed() == expected(shop)
    assert history.log.stored() == [len(records) for records in history.log.partitions]
