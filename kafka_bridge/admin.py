"""The event path in the admin, to be read: receipts, offsets and dead letters."""

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet, Value
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from kafka_bridge import submission
from kafka_bridge.admin_base import ModelAdmin, ReadOnlyAdmin, link_to
from kafka_bridge.admin_decisions import Decision, decide, in_order, tell
from kafka_bridge.events import DeadLetterDiscarded, DeadLetterRetried
from kafka_bridge.models import DeadLetter, Offset, Projection, Receipt
from kafka_bridge.preview import preview
from kafka_bridge.registry import event_types, reasons


class EventTypeFilter(admin.SimpleListFilter):
    """By event type: all that the shop knows, without asking the database for them."""

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
        return queryset.filter(reason=self.value()) if self.value() else queryset


@admin.register(Receipt)
class ReceiptAdmin(ReadOnlyAdmin):
    """What became of each event."""

    list_display = ["applied_at", "type", "status", "explanation", "key"]
    list_filter = ["status", EventTypeFilter, ReasonFilter]
    date_hierarchy = "applied_at"
    ordering = ["-applied_at"]
    sortable_by = ["applied_at"]
    search_fields = ["id__exact", "key__exact"]
    search_help_text = _("an event id or a key, whole")
    fields = [
        "id",
        "type",
        "key",
        "documents",
        "source",
        "status",
        "explanation",
        "partition",
        "offset",
        "happened_at",
        "applied_at",
    ]

    def event_filter(self, document: Receipt) -> dict[str, str]:
        """Return the filter for all events of the same key."""
        return {"key": document.key}

    @admin.display(description=_("explanation"))
    def explanation(self, receipt: Receipt) -> str:
        """Return why the event was rejected."""
        return receipt.explanation or self.get_empty_value_display()

    @admin.display(description=_("documents"))
    def documents(self, receipt: Receipt) -> SafeString:
        """Return links to the documents that the event is about: those with its key or its id."""
        models = [
            model
            for model in apps.get_models()
            if issubclass(model, Projection)
            and model is not Receipt
            and self.admin_site.is_registered(model)
        ]
        found = [
            document
            for model in models
            for document in model._default_manager.filter(pk__in=[receipt.key, receipt.pk])
        ]
        return format_html_join(", ", "{}: {}", [(d._meta.verbose_name, link_to(d)) for d in found])


@admin.register(Offset)
class OffsetAdmin(ReadOnlyAdmin):
    """Where the consumers stand."""

    list_display = ["partition", "next", "group", "log", "consumer"]
    list_filter = ["group", "log"]
    ordering = ["log", "partition"]
    search_fields = ["log", "consumer"]
    fields = ["group", "log", "partition", "next", "consumer"]

    def event_filter(self, document: Offset) -> dict[str, str]:
        """Return the filter for all events of the partition."""
        return {"partition": str(document.partition)}


EXPLANATIONS = {
    "retry": _(
        "Each of these is applied again, and then those that wait behind it, in their order, "
        "until one fails."
    ),
    "discard": _(
        "These are never applied, and this cannot be undone. What waits behind them is applied "
        "without them."
    ),
}


@admin.register(DeadLetter)
class DeadLetterAdmin(ReadOnlyAdmin):
    """Messages that could not be applied, as they came."""

    list_display = ["failed_at", "status", "type", "error", "partition", "offset"]
    list_filter = ["status", EventTypeFilter]
    date_hierarchy = "failed_at"
    ordering = ["-failed_at"]
    sortable_by = ["failed_at"]
    search_fields = ["event_id__exact", "error"]
    search_help_text = _("an event id, whole, or a part of the error")
    fieldsets = [
        (None, {"fields": ["status", "error", "failed_at", "resolved_by", "resolved_at"]}),
        (
            capfirst(_("message")),
            {"fields": ["type", "event_id", "raw_key", "raw_headers", "raw_value"]},
        ),
        (
            capfirst(_("place in the log")),
            {"fields": ["log", "partition", "offset", "published_at"]},
        ),
    ]

    actions = ["retry", "discard"]

    class Media:
        css = {"all": ["kafka_bridge/admin.css"]}

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """Whether the operator may retry and discard."""
        return ModelAdmin.has_change_permission(self, request)

    @admin.action(description=_("Retry, with all that wait behind"), permissions=["decide"])
    def retry(self, request: HttpRequest, queryset: QuerySet[DeadLetter]) -> HttpResponse | None:
        """Apply the chosen dead letters and those that wait behind them, after a confirmation."""
        return self._decide(request, queryset, DeadLetterRetried, "retry")

    @admin.action(description=_("Discard"), permissions=["decide"])
    def discard(self, request: HttpRequest, queryset: QuerySet[DeadLetter]) -> HttpResponse | None:
        """Drop the chosen dead letters, after a confirmation."""
        return self._decide(request, queryset, DeadLetterDiscarded, "discard")

    def _decide(
        self, request: HttpRequest, queryset: QuerySet[DeadLetter], decision: Decision, action: str
    ) -> HttpResponse | None:
        letters = in_order(queryset.filter(status=DeadLetter.Status.OPEN), decision)
        if not letters:
            self.message_user(request, _("None of these is open any more."), messages.WARNING)
            return None
        try:
            token = request.POST.get("confirmation", "")
            confirmation = submission.event_id_of(token, _purpose(request, action))
        except submission.ForgedToken:
            return self._confirm(request, letters, action)
        tell(request, letters, decide(letters, decision, confirmation, request.user.get_username()))
        return None

    def _confirm(
        self, request: HttpRequest, letters: list[DeadLetter], action: str
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("Retry") if action == "retry" else _("Discard"),
            "explanation": EXPLANATIONS[action],
            "opts": self.opts,
            "letters": letters,
            "action": action,
            "action_checkbox_name": ACTION_CHECKBOX_NAME,
            "token": submission.new_token(_purpose(request, action)),
        }
        return TemplateResponse(request, "admin/kafka_bridge/deadletter/decide.html", context)

    def get_queryset(self, request: HttpRequest) -> QuerySet[DeadLetter]:
        """Return dead letters without their bodies: a page of them could be a gigabyte.

        The database engine leaves fields out only where there is an annotation.
        """
        letters: QuerySet[DeadLetter] = super().get_queryset(request).defer("value", "headers")
        return letters.annotate(without_body=Value(True))

    def event_filter(self, document: DeadLetter) -> dict[str, str]:
        """Return the filter for all events of the same key, as far as it can be read."""
        return {"key": bytes(document.key or b"").decode(errors="replace")}

    @admin.display(description=_("key"))
    def raw_key(self, letter: DeadLetter) -> SafeString:
        """Return the message's key."""
        return _raw(preview(letter.key))

    @admin.display(description=_("value"))
    def raw_value(self, letter: DeadLetter) -> SafeString:
        """Return the message's value."""
        return _raw(preview(letter.value))

    @admin.display(description=_("headers"))
    def raw_headers(self, letter: DeadLetter) -> SafeString:
        """Return the message's headers, one a line."""
        return _raw("\n".join(_header(name, value) for name, value in letter.headers))


def _purpose(request: HttpRequest, action: str) -> str:
    return f"{action}:{request.user.pk}"


def _header(name: str, value: str | None) -> str:
    raw = None if value is None else value.encode("latin-1")  # as it is kept in the document
    return f"{preview(name.encode())}: {preview(raw)}"


def _raw(text: str) -> SafeString:
    return format_html('<pre class="raw">{}</pre>', text)
