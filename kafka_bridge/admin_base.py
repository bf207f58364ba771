"""What admins of projections share: they show, and lead to the events; the log is the log."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from kafka_bridge import timeline
from kafka_bridge.admin_lists import List, Pages
from kafka_bridge.masking import shown_to

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin

LONGEST_SEARCH = 200  # characters


def link_to(document: Model) -> SafeString:
    """Return a link to a document's page in the admin."""
    opts = document._meta
    address = reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[document.pk])
    return format_html('<a href="{}">{}</a>', address, document)


class SearchedAdmin(ModelAdmin):
    """Has a search whose length is bounded: MongoDB takes no regular expression of any length.

    A list is called what it lists: Django's "Select … to change" cannot be said in every language.
    """

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Show the list."""
        called = {"title": capfirst(self.opts.verbose_name_plural)}
        return super().changelist_view(request, called | (extra_context or {}))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Search for what was typed, as far as any value could have it."""
        return super().get_search_results(request, queryset, search_term[:LONGEST_SEARCH])


class LoggedAdmin(SearchedAdmin):
    """Shows what events change. The event log is the log: Django's own keeps no second one."""

    change_list_template = "admin/kafka_bridge/list.html"
    paginator = Pages
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # they count all that each filter leaves

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[List]:
        """Return the list that costs the same however much it leads to."""
        return List

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Refuse filters in the address by a list of words, which no address can say."""
        words = lookup.partition("__")[0] == "search"
        return not words and super().lookup_allowed(lookup, value, request)

    def timeline_of(self, document: Any) -> timeline.Timeline:
        """Return the document's events: those of its key."""
        return timeline.of(document.pk)

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        """Return the document, masked as far as the operator may not see it."""
        document = super().get_object(request, object_id, from_field)
        return document and shown_to(request, document)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """Show the document's events, the newest last."""
        document = self.get_object(request, unquote(object_id))
        if not self.has_view_or_change_permission(request, document):
            raise PermissionDenied
        if document is None:
            raise Http404
        context = {
            **self.admin_site.each_context(request),
            "title": _("Events"),
            "opts": self.opts,
            "document": document,
            "timeline": self.timeline_of(document),
        }
        return TemplateResponse(request, "admin/kafka_bridge/timeline.html", context)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> LogEntry:
        """Keep no entry: the event says who did what."""
        return LogEntry()

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> LogEntry:
        """Keep no entry: the event says who did what."""
        return LogEntry()


class ReadOnlyAdmin(LoggedAdmin):
    """Shows what nobody may change by hand; what is posted to it is answered with 403."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Say no, whoever asks."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Say no, whoever asks."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Say no, whoever asks."""
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Show the list; a POST is for actions, and most such lists have none."""
        if request.method == "POST" and not self.get_actions(request):
            raise PermissionDenied
        return super().changelist_view(request, extra_context)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """Show the document's events, the newest last."""
        if request.method == "POST":
            raise PermissionDenied
        return super().history_view(request, object_id, extra_context)
