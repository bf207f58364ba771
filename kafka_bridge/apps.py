"""The event path between Kafka and MongoDB."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _

from kafka_bridge import registry


class KafkaBridgeConfig(AppConfig):
    name = "kafka_bridge"
    verbose_name = _("Event path")
    default_auto_field = "django_mongodb_backend.fields.ObjectIdAutoField"

    def ready(self) -> None:
        """Register every app's event types and handlers."""
        autodiscover_modules("events", "projection")
        registry.check_complete()
