"""Faults that tests put into the embedded Kafka, and messages that no Python client would send.

The cluster's C interface (librdkafka's rdkafka_mock.h) can answer requests wrongly, late or not at
all. Numbers of requests and errors are those of the Kafka protocol.
"""

import ctypes

from kafka_bridge.local.kafka import TestCluster

PRODUCE, FETCH, METADATA = 0, 1, 3  # Kafka's API keys
# Kafka's error codes
NOT_LEADER, TIMED_OUT, NOT_ENOUGH_REPLICAS, NOT_ENOUGH_REPLICAS_AFTER_APPEND = 6, 7, 19, 20
OUT_OF_ORDER_SEQUENCE, CLUSTER_AUTHORIZATION_FAILED, TOO_LARGE = 45, 31, 10
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


def forget_errors(cluster: TestCluster, request: int) -> None:
    """Answer requests of a kind as usual again."""
    cluster._rdkafka.rd_kafka_mock_clear_request_errors(cluster._cluster, ctypes.c_int16(request))


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
