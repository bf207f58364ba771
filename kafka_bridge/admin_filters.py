"""How lists of the event path are narrowed, without asking the database what there is."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from kafka_bridge.admin_base import ModelAdmin
from kafka_bridge.models import Receipt
from kafka_bridge.registry import event_types, reasons


class EventTypeFilter(admin.SimpleListFilter):
    """By event type: all that the shop knows."""

    title = _("event type")
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Iterable[tuple[str, str]]:
        """Return the names of all event types."""
        return [(name, name) for name in sorted(event_types)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return what has the chosen type."""
        return queryset.filter(type=self.value()) if self.value() else queryset


class ReasonFilter(admin.SimpleListFilter):
    """By the reason of a rejection."""

    title = _("reason")
    parameter_name = "reason"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Iterable[tuple[str, str]]:
        """Return the codes of all reasons."""
        return [(code, code) for code in sorted(reasons)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return what was rejected for the chosen reason."""
        rejected = queryset.filter(status=Receipt.Status.REJECTED, reason=self.value())
        return rejected if self.value() else queryset
