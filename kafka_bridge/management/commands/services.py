"""`manage.py services`: runs the local Kafka and MongoDB servers, for a machine without them."""

import json
import signal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from kafka_bridge.local import kafka, mongodb

PARTITIONS = 6


class Command(BaseCommand):
    help = "Run a local Kafka test cluster and a local MongoDB server until stopped."
    requires_system_checks = []

    def handle(self, **options: Any) -> None:
        folder: Path = settings.LOCAL_DIR
        folder.mkdir(exist_ok=True)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        cluster = kafka.TestCluster()
        cluster.create_topic(settings.KAFKA_TOPIC, PARTITIONS)
        try:
            server = mongodb.Server(folder / "mongodb")
        except RuntimeError as error:
            raise CommandError(str(error)) from error
        try:
            self._announce(folder / "services.json", cluster, server)
        finally:
            server.stop()
            cluster.stop()

    def _announce(self, file: Path, cluster: kafka.TestCluster, server: mongodb.Server) -> None:
        found = {"KAFKA_BOOTSTRAP_SERVERS": cluster.bootstrap_servers, "MONGODB_URI": server.uri}
        file.write_text(json.dumps(found))
        try:
            for name, value in found.items():
                self.stdout.write(f"{name}={value}")
            signal.pause()
        except KeyboardInterrupt:
            self.stdout.write("Stopping the local services.")
        finally:
            file.unlink()
