"""Faults that tests put into the embedded Kafka, and messages that no Python client would send.

The cluster's C interface (librdkafka's rdkafka_mock.h) can answer requests wrongly, late or not at
all. Numbers of requests and errors are those of the Kafka protocol.
"""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kafka_bridge import clients, publisher
from kafka_bridge.local.kafka import TestCluster, _library
from kafka_bridge.publisher import Publisher

PRODUCE, FETCH, METADATA = 0, 1, 3  # Kafka's API keys
# Kafka's error codes
NOT_LEADER, TIMED_OUT, NOT_ENOUGH_REPLICAS, NOT_ENOUGH_REPLICAS_AFTER_APPEND = 6, 7, 19, 20
OUT_OF_ORDER_SEQUENCE, CLUSTER_AUTHORIZATION_FAILED, TOO_LARGE = 45, 31, 10
SENT_BEFORE = 46  # Kafka: DUPLICATE_SEQUENCE_NUMBER
CONNECTION_CLOSED = -195  # librdkafka's mark: the broker hangs up instead of answering

FIRST_BROKER = 1


def answer_with(cluster: TestCluster, request: int, *errors: int, late: int = 0) -> None:
    """Have the next requests of a kind answered with these errors, one each; 0 is no error.

    The answers come so many milliseconds late.
    """
    answers = [ctypes.c_int(number) for error in errors for number in (error, late)]
    cluster._rdkafka.rd_kafka_mock_broker_push_request_error_rtts(
        cluster._cluster,
        ctypes.c_int32(FIRST_BROKER),
        ctypes.c_int16(request),
        ctypes.c_size_t(len(errors)),
        *answers,
    )


def go_down(cluster: TestCluster) -> None:
    """Have the broker hang up and refuse connections; its log stays."""
    cluster._rdkafka.rd_kafka_mock_broker_set_down(cluster._cluster, ctypes.c_int32(FIRST_BROKER))


def come_up(cluster: TestCluster) -> None:
    """Have the broker take connections again."""
    cluster._rdkafka.rd_kafka_mock_broker_set_up(cluster._cluster, ctypes.c_int32(FIRST_BROKER))


def delete_records(cluster: TestCluster, topic: str, partition: int, before: int) -> None:
    """Delete a partition's first records, as retention does."""
    cluster._rdkafka.rd_kafka_mock_partition_delete_records(
        cluster._cluster, topic.encode(), ctypes.c_int32(partition), ctypes.c_int64(before)
    )


def let_go(servers: str) -> None:
    """Close this process's producer for servers that are gone.

    It would look for them for ever, or be asked to publish to others that get their port.
    """
    if made := publisher._publishers.pop((os.getpid(), servers), None):
        made.close()


def send_oddly(servers: str, topic: str, name: bytes, timestamp: int) -> None:
    """Send a message to partition 0 as no Python client can: any header name, any time in ms."""
    library = _library()
    library.rd_kafka_headers_new.restype = ctypes.c_void_p
    client = ctypes.c_void_p(_producer(library, servers))
    headers = ctypes.c_void_p(library.rd_kafka_headers_new(ctypes.c_size_t(1)))
    library.rd_kafka_header_add(
        headers, name, ctypes.c_ssize_t(len(name)), b"value", ctypes.c_ssize_t(5)
    )
    # Pairs of a tag (RD_KAFKA_VTYPE_...) and its value, then the end tag.
    failed = library.rd_kafka_producev(
        *(client, ctypes.c_int(1), ctypes.c_char_p(topic.encode())),
        *(ctypes.c_int(3), ctypes.c_int32(0)),
        *(ctypes.c_int(4), ctypes.c_char_p(b"odd"), ctypes.c_size_t(3)),
        *(ctypes.c_int(5), ctypes.c_char_p(b"odd"), ctypes.c_size_t(3)),
        *(ctypes.c_int(7), ctypes.c_int(2)),  # copy the value
        *(ctypes.c_int(8), ctypes.c_int64(timestamp)),
        *(ctypes.c_int(10), headers),
        ctypes.c_int(0),
    )
    failed = failed or library.rd_kafka_flush(client, ctypes.c_int(5000))
    library.rd_kafka_destroy(client)
    if failed:
        raise RuntimeError(f"the odd message was not sent: error {failed}")


def _producer(library: ctypes.CDLL, servers: str) -> int:
    error = ctypes.create_string_buffer(512)
    config = ctypes.c_void_p(library.rd_kafka_conf_new())
    library.rd_kafka_conf_set(
        config, b"bootstrap.servers", servers.encode(), error, ctypes.sizeof(error)
    )
    made: int = library.rd_kafka_new(0, config, error, ctypes.sizeof(error))
    return made


@contextmanager
def publishing(**config: Any) -> Iterator[Publisher]:
    """A publisher as forms have it, but for some settings, that ends with the block."""
    made = Publisher(clients.web_producer() | config)
    try:
        yield made
    finally:
        made.close()
