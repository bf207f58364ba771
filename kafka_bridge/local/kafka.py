"""A Kafka cluster without Kafka: the test cluster that is built into librdkafka.

It speaks Kafka's protocol on a free port of 127.0.0.1, keeps its log in memory, and ends with the
process. Its C interface is not in the Python package, so it is called with ctypes.
"""

import ctypes
from pathlib import Path

import confluent_kafka


def _library() -> ctypes.CDLL:
    beside = Path(confluent_kafka.__file__).parent.parent / "confluent_kafka.libs"
    found = [str(file) for file in beside.glob("librdkafka*")]
    library = ctypes.CDLL(found[0] if found else "librdkafka.so.1")
    handle = ctypes.c_void_p
    for name in ("rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_mock_cluster_new"):
        getattr(library, name).restype = handle
    library.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
    return library


class TestCluster:
    """One running cluster; `bootstrap_servers` says where."""

    __test__ = False  # it is no test, whatever pytest thinks of its name

    def __init__(self, brokers: int = 1) -> None:
        self._rdkafka = _library()
        self._client = ctypes.c_void_p(self._new_client())
        self._cluster = ctypes.c_void_p(
            self._rdkafka.rd_kafka_mock_cluster_new(self._client, brokers)
        )
        # A group's first member need not wait for others: there is one consumer, as a rule.
        self._rdkafka.rd_kafka_mock_group_initial_rebalance_delay_ms(self._cluster, 0)
        servers: bytes = self._rdkafka.rd_kafka_mock_cluster_bootstraps(self._cluster)
        self.bootstrap_servers = servers.decode()

    def _new_client(self) -> int:
        error = ctypes.create_string_buffer(512)
        config = ctypes.c_void_p(self._rdkafka.rd_kafka_conf_new())
        # The client exists for its cluster's sake: that it connects to none is no news.
        self._rdkafka.rd_kafka_conf_set(config, b"log_level", b"3", error, ctypes.sizeof(error))
        made: int = self._rdkafka.rd_kafka_new(0, config, error, ctypes.sizeof(error))
        return made

    def create_topic(self, name: str, partitions: int) -> None:
        """Create an empty topic."""
        self._rdkafka.rd_kafka_mock_topic_create(self._cluster, name.encode(), partitions, 1)

    def stop(self) -> None:
        """End the cluster; its log is gone."""
        self._rdkafka.rd_kafka_mock_cluster_destroy(self._cluster)
        self._rdkafka.rd_kafka_destroy(self._client)
