"""Holds what stands in MongoDB against a plain recomputation from the log."""

from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bson import Decimal128
from confluent_kafka import Consumer, Message, TopicPartition

from kafka_bridge.envelope import Envelope, Undecodable, decode
from tests.model import Shop

if TYPE_CHECKING:
    from tests.chaos.world import World

Documents = dict[str, dict[str, Any]]
READ_WITHIN = 120.0  # seconds


@dataclass
class Audit:
    """What was found; each list names the first thing that is wrong with each finding."""

    events: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether nothing is lost, doubled or otherwise wrong."""
        return not (self.lost or self.doubled or self.wrong)

    def __str__(self) -> str:
        found = [
            f"{len(of)} {what} ({', '.join(of[:3])})"
            for what, of in (("lost", self.lost), ("doubled", self.doubled), ("wrong", self.wrong))
        ]
        return f"{self.events} messages in the log: {'; '.join(found)}"


def audit(world: "World", acknowledged: Set[str]) -> Audit:
    """Compare the log, the acknowledgements and the documents; nothing may be under way."""
    found, shop, places = Audit(), Shop(), dict[str, tuple[int, int]]()
    for message in read_log(world):
        found.events += 1
        event = _event(message)
        place = message.partition() or 0, message.offset() or 0
        if event is not None:
            places.setdefault(event.id, place)
        shop.take("/".join(map(str, place)), repr(message.key()), event)
    found.lost += [f"acknowledged {event} is not in the log" for event in acknowledged - {*places}]
    _compare_receipts(found, world, shop, places)
    for kind, wanted in _wanted(shop).items():
        stored = {str(each["_id"]): each for each in world.collection(kind).find()}
        _compare(found, kind, wanted, {key: _plain(each) for key, each in stored.items()})
    _compare_offsets(found, world)
    return found


def read_log(world: "World") -> Iterator[Message]:
    """Yield all messages of the log, partition by partition in their order."""
    config = {
        "bootstrap.servers": world.kafka.servers,
        "group.id": "audit",
        "enable.auto.commit": False,
        "auto.offset.reset": "error",
    }
    reader = Consumer(config)
    try:
        for partition, (first, end) in enumerate(world.ranges()):
            reader.assign([TopicPartition(world.topic, partition, first)])
            offset = first
            while offset < end:
                message = reader.poll(READ_WITHIN)
                assert message is not None, "the log cannot be read"
                if message.error() is None:
                    offset = (message.offset() or 0) + 1
                    yield message
    finally:
        reader.close()


def _event(message: Message) -> Envelope[Any] | None:
    try:
        return decode(message.key(), message.value(), message.headers())  # type: ignore[arg-type]
    except Undecodable:
        return None


def _wanted(shop: Shop) -> dict[str, Documents]:
    return {
        "catalog_product": shop.products,
        "customers_customer": shop.customers,
        "customers_purchase": shop.purchases,
    }


def _compare_receipts(
    found: Audit, world: "World", shop: Shop, places: dict[str, tuple[int, int]]
) -> None:
    wanted: Documents = {
        event: {"reason": reason, "partition": places[event][0], "offset": places[event][1]}
        for event, (reason, _) in shop.receipts.items()
    }
    stored = {str(each["_id"]): each for each in world.collection("kafka_bridge_receipt").find()}
    _compare(found, "receipt", wanted, stored)
    parked: Documents = {letter.place: {} for queue in shop.waiting.values() for letter in queue}
    letters = world.collection("kafka_bridge_deadletter").find()
    kept = {f"{each['partition']}/{each['offset']}": each for each in letters}
    _compare(found, "dead letter", parked, kept)


def _compare(found: Audit, kind: str, wanted: Documents, stored: Documents) -> None:
    found.lost += [f"{kind} {key} is missing" for key in wanted.keys() - stored.keys()]
    found.doubled += [f"{kind} {key} is too much" for key in stored.keys() - wanted.keys()]
    for key in wanted.keys() & stored.keys():
        for name, value in wanted[key].items():
            if name in stored[key] and stored[key][name] != value and name[-3:] != "_at":
                found.wrong.append(f"{kind} {key}: {name} {stored[key][name]!r}, not {value!r}")


def _plain(document: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.to_decimal() if isinstance(value, Decimal128) else value
        for name, value in document.items()
    }


def _compare_offsets(found: Audit, world: "World") -> None:
    stored, ends = world.stored(), [end for _, end in world.ranges()]
    for partition, end in enumerate(ends):
        if stored.get(partition) != end:
            found.wrong.append(f"offset {stored.get(partition)} of {partition}, whose end is {end}")
