"""The contenders: the shop's consumer, the bare loop, and events applied one by one."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec
from bson import Decimal128
from confluent_kafka import Consumer as KafkaConsumer
from confluent_kafka import KafkaError, Message, TopicPartition
from django.conf import settings
from pymongo.operations import UpdateOne
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from benchmarks.measuring import Meter
from benchmarks.stage import PARTITIONS
from catalog.models import Product
from customers.models import Customer, Purchase
from kafka_bridge import clients
from kafka_bridge.consumer import Consumer
from kafka_bridge.models import Offset, Receipt
from kafka_bridge.mongo import database

Setting = dict[str, Any]
BATCH = 1000
IDS_AT_ONCE = 100


class Bought(msgspec.Struct):
    """A purchase as the loops that are not the shop read it."""

    customer_id: str
    quantity: int
    price: str
    order_id: str = ""


decode = msgspec.json.Decoder(Bought).decode


def shop(batch: int = BATCH) -> Meter:
    """Have the shop's consumer apply the whole topic."""
    consumer = Consumer(instance=None, batch=batch, until_idle=True)
    with Meter(consumer) as meter:
        consumer.run()
    return meter


class Loop:
    """A consumer of the whole topic that ends at its end, or when `stopping` is set."""

    def __init__(
        self,
        config: Setting,
        apply: Callable[[list[Message]], None],
        batch: int,
        *,
        endless: bool = False,
    ) -> None:
        self.applied = 0
        self.stopping = False
        self._apply, self._batch, self._ended = apply, batch, 0
        self.kafka = KafkaConsumer(config | {"enable.partition.eof": not endless})

    def run(self) -> None:
        """Consume to the end."""
        topic = settings.KAFKA_TOPIC
        self.kafka.assign([TopicPartition(topic, number, 0) for number in range(PARTITIONS)])
        while self._ended < PARTITIONS and not self.stopping:
            if messages := self._take():
                self._apply(messages)
                self.applied += len(messages)
        self.kafka.close()

    def _take(self) -> list[Message]:
        first = self.kafka.poll(1.0)
        if first is None:
            return []
        more = self.kafka.consume(self._batch - 1, 0) if self._batch > 1 else []
        taken = [first, *more]
        self._ended += sum(1 for m in taken if _code(m) == KafkaError._PARTITION_EOF)
        return [m for m in taken if m.error() is None]


def _code(message: Message) -> int | None:
    error = message.error()
    return error.code() if error else None


def _measured(loop: Loop) -> Meter:
    with Meter(loop) as meter:
        loop.run()
    return meter


class Bare:
    """The same writes as the shop's with nothing around them: no registry, no checks of the
    envelope, no protection against doubles, dead letters, other consumers or faults.
    """

    def __init__(self) -> None:
        self._database = database()
        self._session = self._database.client.start_session()
        offsets = [{"_id": f"bare/{p}", "next": 0} for p in range(PARTITIONS)]
        self._offsets = self._database[Offset._meta.db_table]
        self._offsets.insert_many(offsets)

    def apply(self, messages: list[Message]) -> None:
        """Write purchases, receipts and offsets in one transaction."""
        with self._session.start_transaction(
            read_concern=ReadConcern("snapshot"), write_concern=WriteConcern("majority", j=True)
        ):
            self._write(messages)

    def _write(self, messages: list[Message]) -> None:
        products = self._load({(m.key() or b"").decode() for m in messages})
        purchases, receipts, ends, now = [], [], {}, datetime.now(UTC)
        for message in messages:
            headers = dict(message.headers() or ())
            purchase = _purchase(message, headers, products)
            purchases.append(purchase)
            receipts.append(_receipt(message, headers, purchase, now))
            ends[message.partition()] = (message.offset() or 0) + 1
        options: Setting = {"ordered": False, "session": self._session}
        self._database[Purchase._meta.db_table].insert_many(purchases, **options)
        self._database[Receipt._meta.db_table].insert_many(receipts, **options)
        moves = [UpdateOne({"_id": f"bare/{p}"}, {"$set": {"next": e}}) for p, e in ends.items()]
        self._offsets.bulk_write(moves, session=self._session)

    def _load(self, keys: set[str]) -> dict[str, Setting]:
        wanted, found = list(keys), {}
        for start in range(0, len(wanted), IDS_AT_ONCE):
            query = {"_id": {"$in": wanted[start : start + IDS_AT_ONCE]}}
            for product in self._database[Product._meta.db_table].find(
                query, session=self._session
            ):
                found[product["_id"]] = product
        return found


@lru_cache(10_000)
def _value(price: str, quantity: int) -> Decimal128:
    return Decimal128(str(Decimal(price) * quantity))


def _purchase(message: Message, headers: Setting, products: dict[str, Setting]) -> Setting:
    data, key = decode(message.value() or b""), (message.key() or b"").decode()
    product = products[key]
    if str(product["price"]) != data.price:
        raise ValueError("the price has changed")
    return {
        "_id": headers["ce_id"].decode(),
        "customer_id": data.customer_id,
        "product_id": key,
        "order_id": data.order_id,
        "name": product["name"],
        "type": product["type"],
        "price": product["price"],
        "quantity": data.quantity,
        "value": _value(data.price, data.quantity),
        "bought_at": msgspec.convert(headers["ce_time"].decode(), datetime),
    }


def _receipt(message: Message, headers: Setting, purchase: Setting, now: datetime) -> Setting:
    return {
        "_id": purchase["_id"],
        "type": headers["ce_type"].decode(),
        "key": purchase["product_id"],
        "source": headers["ce_source"].decode(),
        "status": "applied",
        "reason": "",
        "detail": {},
        "partition": message.partition(),
        "offset": message.offset(),
        "happened_at": purchase["bought_at"],
        "applied_at": now,
    }


def bare(batch: int = BATCH) -> Meter:
    """Apply the purchases of the topic by the bare loop."""
    return _measured(Loop(clients.reader(), Bare().apply, batch))


class OneByOne:
    """Events applied as a first sketch does it: each purchase is inserted, appended to the list
    inside its customer's document, and its offset committed. Only where it is `awaited` is the
    commit sure before the next event is read; it then waits for the broker's own lingering.
    """

    def __init__(self, awaited: bool) -> None:
        self._awaited = awaited
        config = clients.reader(**{"group.id": f"{settings.KAFKA_GROUP}-one"})
        self.loop = Loop(config, self._apply, batch=1)
        self._purchases = database()[Purchase._meta.db_table]
        self._customers = database()[Customer._meta.db_table]

    def _apply(self, messages: list[Message]) -> None:
        (message,) = messages
        data, key = decode(message.value() or b""), (message.key() or b"").decode()
        purchase = {"product_id": key, "price": data.price, "quantity": data.quantity}
        self._purchases.insert_one(purchase)
        self._customers.update_one({"_id": data.customer_id}, {"$push": {"purchases": purchase}})
        if self._awaited:
            self.loop.kafka.commit(message=message, asynchronous=False)
        else:
            self.loop.kafka.commit(message=message)


def one_by_one(awaited: bool) -> Meter:
    """Apply the purchases of the topic one by one."""
    return _measured(OneByOne(awaited).loop)


def reading(config: Setting) -> Meter:
    """Consume and decode the whole topic, and write nothing."""

    def decoded(messages: list[Message]) -> None:
        for message in messages:
            decode(message.value() or b"")

    return _measured(Loop(config, decoded, BATCH))
