"""The event path in the admin, to be read: receipts, offsets and dead letters."""

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from kafka_bridge import panel, submission, timeline, trail
from kafka_bridge.admin_base import ModelAdmin, ReadOnlyAdmin
from kafka_bridge.admin_decisions import Decision, decide, in_order, tell
from kafka_bridge.admin_filters import EventTypeFilter, ReasonFilter
from kafka_bridge.admin_lists import by_id
from kafka_bridge.envelope import READ
from kafka_bridge.events import DeadLetterDiscarded, DeadLetterRetried
from kafka_bridge.lines import MASK
from kafka_bridge.masking import may_see
from kafka_bridge.models import DeadLetter, Offset, Receipt
from kafka_bridge.preview import preview


@admin.register(Receipt)
class ReceiptAdmin(ReadOnlyAdmin):
    """What became of each event."""

    list_display = ["applied_at", "type", "status", "explanation", "key"]
    list_filter = ["status", ReasonFilter]
    date_hierarchy = "applied_at"
    ordering = ["-applied_at"]
    sortable_by = ["applied_at"]
    search_fields = ["id"]
    search_help_text = _("an event id or a key, whole")
    fields = [
        "id",
        "type",
        "key",
        "trail",
        "documents",
        "source",
        "status",
        "explanation",
        "partition",
        "offset",
        "happened_at",
        "applied_at",
    ]

    def get_urls(self) -> list[URLPattern]:
        """Return the pages of receipts, and the trail of any event."""
        way = path("trail/", self.admin_site.admin_view(self._trail), name="kafka_bridge_trail")
        return [way, *super().get_urls()]

    def _trail(self, request: HttpRequest) -> HttpResponse:
        return trail.page(request, self.admin_site)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Receipt], search_term: str
    ) -> tuple[QuerySet[Receipt], bool]:
        """Find the receipt of an event, or those of a key, in the order that their index has."""
        if not (text := search_term.strip()):
            return queryset, False
        return by_id(queryset, text, queryset.filter(key=text).order_by("-happened_at")), False

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Receipt | None:
        """Return the receipt with the documents that its event is about."""
        receipt: Receipt | None = super().get_object(request, object_id, from_field)
        if receipt:
            receipt.found = list(trail.documents(request, receipt))  # type: ignore[attr-defined]
        return receipt

    def timeline_of(self, document: Receipt) -> timeline.Timeline:
        """Return the events of the same key."""
        return timeline.of(document.key)

    @admin.display(description=_("trail"))
    def trail(self, receipt: Receipt) -> SafeString:
        """Return a link to the event's trail."""
        return _trail_of(receipt.pk)

    @admin.display(description=_("explanation"))
    def explanation(self, receipt: Receipt) -> str:
        """Return why the event was rejected."""
        return receipt.explanation or self.get_empty_value_display()

    @admin.display(description=_("documents"))
    def documents(self, receipt: Receipt) -> SafeString:
        """Return links to the documents that the event is about."""
        found: list[trail.Document] = receipt.found  # type: ignore[attr-defined]
        return format_html_join(", ", "{}: {}", [(one.kind, one.link) for one in found])


@admin.register(Offset)
class OffsetAdmin(ReadOnlyAdmin):
    """Where the consumers stand."""

    list_display = ["partition", "next", "group", "log", "consumer"]
    list_filter = ["group", "log"]
    ordering = ["log", "partition"]
    search_fields = ["log", "consumer"]
    fields = ["group", "log", "partition", "next", "consumer"]

    def get_urls(self) -> list[URLPattern]:
        """Return the pages of offsets, and the event panel."""
        live = path("panel/", self.admin_site.admin_view(self._panel), name="kafka_bridge_panel")
        return [live, *super().get_urls()]

    def _panel(self, request: HttpRequest) -> HttpResponse:
        return panel.page(request, self.admin_site)

    def timeline_of(self, document: Offset) -> timeline.Timeline:
        """Return the events of the partition that were applied last."""
        return timeline.of_partition(document.partition)


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
            {"fields": ["type", "event_id", "trail", "raw_key", "raw_headers", "raw_value"]},
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
        """Return dead letters without their bodies: a page of them could be a gigabyte."""
        return super().get_queryset(request).defer("value", "headers")

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> DeadLetter | None:
        """Return the dead letter; who may not see personal data sees no value of it.

        Who knows what is in a message that is no event?
        """
        letter: DeadLetter | None = super().get_object(request, object_id, from_field)
        if letter and not may_see(request):
            letter.value = MASK.encode()
            letter.headers = [[name, _masked(name, value)] for name, value in letter.headers]
        return letter

    def timeline_of(self, document: DeadLetter) -> timeline.Timeline:
        """Return the events of the same key, as far as it can be read."""
        return timeline.of(bytes(document.key or b"").decode(errors="replace"))

    @admin.display(description=_("trail"))
    def trail(self, letter: DeadLetter) -> SafeString | str:
        """Return a link to the event's trail, if the message is an event."""
        return _trail_of(letter.event_id) if letter.event_id else self.get_empty_value_display()

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


def _trail_of(event_id: str) -> SafeString:
    address = f"{reverse('admin:kafka_bridge_trail')}?{urlencode({'event': event_id})}"
    return format_html('<a href="{}">{}</a>', address, event_id)


def _masked(name: str, value: str | None) -> str | None:
    return value if name in READ else MASK


def _purpose(request: HttpRequest, action: str) -> str:
    return f"{action}:{request.user.pk}"


def _header(name: str, value: str | None) -> str:
    raw = None if value is None else value.encode("latin-1")  # as it is kept in the document
    return f"{preview(name.encode())}: {preview(raw)}"


def _raw(text: str) -> SafeString:
    return format_html('<pre class="raw">{}</pre>', text)
