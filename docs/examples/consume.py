"""Prints the shop's events: python consume.py SERVERS TOPIC GROUP [--until-idle]."""

import sys

from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event
from confluent_kafka import Consumer, KafkaError, KafkaException

servers, topic, group = sys.argv[1:4]
until_idle = "--until-idle" in sys.argv
consumer = Consumer(
    {
        "bootstrap.servers": servers,
        "group.id": group,  # a name of your own: the shop's group is its own
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "enable.partition.eof": True,
    }
)
consumer.subscribe([topic])
ended = set()
while not (until_idle and ended and len(ended) == len(consumer.assignment())):
    message = consumer.poll(1.0)
    if message is None:
        continue
    if message.error():
        if message.error().code() != KafkaError._PARTITION_EOF:
            raise KafkaException(message.error())
        ended.add(message.partition())
        continue
    ended.discard(message.partition())
    try:
        headers = dict(message.headers() or [])
        event = from_binary_event(KafkaMessage(headers, message.key(), message.value()))
    except Exception as error:  # noqa: BLE001  it is no event, go on behind it
        print(f"{message.partition()}/{message.offset()}: {error}", file=sys.stderr)
    else:  # do it before the commit, and so that doing it twice does no harm: see event.get_id()
        print(event.get_id(), event.get_type(), event.get_subject(), event.get_data(), flush=True)
    consumer.commit(message)
consumer.close()
