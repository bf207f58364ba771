"""The operator's products: what is added, changed or withdrawn here is published as events."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.admin_forms import OFFER, ProductForm
from catalog.admin_withdrawal import MOST_AT_ONCE, tell, withdraw
from catalog.models import Product
from catalog.naming import search_terms
from kafka_bridge import submission
from kafka_bridge.admin_base import LoggedAdmin
from kafka_bridge.mongo import database
from kafka_bridge.registry import reasons

KEPT = ["on_sale", "version", "added_at", "changed_at"]  # what is kept about a product


class TypeFilter(admin.SimpleListFilter):
    """By a product's type: those that there are, by a scan of an index's steps."""

    title = gettext_lazy("type")
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        """Return the types of all products."""
        return [(name, name) for name in database()[Product._meta.db_table].distinct("type")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return what has the chosen type."""
        return queryset.filter(type=self.value()) if self.value() else queryset


@admin.register(Product)
class ProductAdmin(LoggedAdmin):
    """Publishes what operators do, and says of each event no more than is known."""

    form = ProductForm
    list_display = ["title", "type", "price", "on_sale", "added_at", "changed_at"]
    list_filter = ["withdrawn", TypeFilter]
    date_hierarchy = "added_at"
    ordering = ["withdrawn", "name_key", "pk"]
    sortable_by = ["price", "added_at"]
    search_fields = ["name"]
    search_help_text = gettext_lazy("the beginnings of words of the name")
    actions = ["delete_selected"]

    @admin.display(description=gettext_lazy("name"))
    def title(self, product: Product) -> str:
        """Return the name. The list is sorted by it, in the Polish way."""
        return product.name

    @admin.display(description=gettext_lazy("on sale"), boolean=True)
    def on_sale(self, product: Product) -> bool:
        """Return whether the product can be bought."""
        return not product.withdrawn

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Product], search_term: str
    ) -> tuple[QuerySet[Product], bool]:
        """Find the words' beginnings through the index, in any spelling of their letters."""
        terms = search_terms(search_term)
        return (queryset.filter(search__contains=terms) if terms else queryset), False

    def has_change_permission(self, request: HttpRequest, obj: Product | None = None) -> bool:
        """Show no form for a withdrawn product.

        A form that was opened before may still be sent: it is answered in words, by its receipt.
        """
        editable = obj is None or not obj.withdrawn or request.method == "POST"
        return editable and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Product | None = None) -> bool:
        """Offer to withdraw what is not yet withdrawn."""
        return (obj is None or not obj.withdrawn) and super().has_delete_permission(request, obj)

    def get_fields(self, request: HttpRequest, obj: Product | None = None) -> list[Any]:
        """Return the offer, then what is kept about the product, and the form's hidden fields."""
        hidden = ["event", "seen"]
        if obj is None:
            return OFFER + hidden
        return OFFER + KEPT + (hidden if self.has_change_permission(request, obj) else [])

    def get_readonly_fields(self, request: HttpRequest, obj: Product | None = None) -> list[str]:
        """Return what the form does not change."""
        return KEPT if obj else []

    def get_form(
        self, request: HttpRequest, obj: Product | None = None, change: bool = False, **kwargs: Any
    ) -> type[ProductForm]:
        """Return the form, made for this operator alone."""
        form = super().get_form(request, obj, change, **kwargs)
        return type(form.__name__, (form,), {"operator": str(request.user.pk)})

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Show the form; with status 503 if Kafka did not take its event."""
        response = super().render_change_form(request, context, *args, **kwargs)
        if context["adminform"].form.not_sent:
            response.status_code = 503
        return response

    def save_model(
        self, request: HttpRequest, obj: Product, form: ProductForm, change: bool
    ) -> None:
        """Write nothing, since the form has published its event; say what came of it."""
        named = {"name": form.sent.data.name}
        if form.receipt is None:
            self.message_user(request, _pending(form), messages.WARNING)
        elif form.overtaken():
            text = _(
                "“%(name)s” was not sent again: this form had been sent before, with other "
                "values, and those were applied. Look at what stands there now."
            )
            self.message_user(request, text % named, messages.WARNING)
        else:
            text = _("“%(name)s” was changed.") if change else _("“%(name)s” was added.")
            self.message_user(request, text % named, messages.SUCCESS)

    def response_add(
        self, request: HttpRequest, obj: Product, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Go on to the list, or to the next new product."""
        if "_addanother" in request.POST:
            return redirect("admin:catalog_product_add")
        return self.response_post_save_add(request, obj)

    def response_change(self, request: HttpRequest, obj: Product) -> HttpResponse:
        """Go on to the list."""
        return self.response_post_save_change(request, obj)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """Withdraw one product, after a confirmation."""
        if not self.has_delete_permission(request):
            raise PermissionDenied
        product = self.get_object(request, unquote(object_id))
        if product is None:
            raise Http404
        if request.method == "POST":
            return self._withdraw(request, [product])
        if product.withdrawn:
            self.message_user(request, reasons["product_withdrawn"], messages.ERROR)
            return redirect("admin:catalog_product_change", object_id)
        return self._confirm(request, [product])

    @admin.action(description=gettext_lazy("Withdraw selected products"), permissions=["delete"])
    def delete_selected(
        self, request: HttpRequest, queryset: QuerySet[Product]
    ) -> HttpResponse | None:
        """Withdraw the chosen products, after a confirmation.

        Under the name of Django's own action, so that it takes that one's place.
        """
        if "confirmation" in request.POST:
            # Without the list's filters: they may hide what an earlier submit has withdrawn.
            chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
            queryset = self.get_queryset(request).filter(pk__in=chosen[:MOST_AT_ONCE])
            return self._withdraw(request, list(queryset))
        products = list(queryset[: MOST_AT_ONCE + 1])
        if len(products) > MOST_AT_ONCE:
            text = _("Choose at most %(count)d products at once.") % {"count": MOST_AT_ONCE}
            self.message_user(request, text, messages.ERROR)
            return None
        return self._confirm(request, products)

    def _withdraw(self, request: HttpRequest, products: list[Product]) -> HttpResponse:
        token = request.POST.get("confirmation", "")
        try:
            confirmation = submission.event_id_of(token, _purpose(request))
        except submission.ForgedToken:
            text = _("This confirmation was not given to you. Confirm again.")
            self.message_user(request, text, messages.ERROR)
            return self._confirm(request, products)
        outcome = withdraw(products, confirmation, str(request.user.pk))
        tell(request, outcome)
        if outcome.not_sent:
            return self._confirm(request, outcome.not_sent, token, status=503)
        return self.response_post_save_change(request, products[0])

    def _confirm(
        self, request: HttpRequest, products: list[Product], token: str = "", status: int = 200
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("Withdraw"),
            "opts": self.opts,
            "products": products,
            "action_checkbox_name": ACTION_CHECKBOX_NAME,
            "token": token or submission.new_token(_purpose(request)),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(
            request, "admin/catalog/product/withdraw.html", context, status=status
        )


def _purpose(request: HttpRequest) -> str:
    return f"withdraw:{request.user.pk}"


def _pending(form: ProductForm) -> SafeString:
    """Say that the event is on its way, with a link to where its receipt will be."""
    receipts = reverse("admin:kafka_bridge_receipt_changelist")
    return format_html(
        '{} <a href="{}?{}">{}</a>',
        _("“%(name)s”: sent, not yet applied.") % {"name": form.sent.data.name},
        receipts,
        urlencode({"q": form.sent.id}),
        _("Look for its receipt"),
    )
