"""Customers and what they bought."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from kafka_bridge import registry


class CustomersConfig(AppConfig):
    name = "customers"
    verbose_name = _("Customers")

    def ready(self) -> None:
        """Let the list of events speak the older shop's language too."""
        from customers.legacy import messages  # noqa: PLC0415  models are there only by now

        registry.shapes["legacy"] = messages.told
