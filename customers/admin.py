"""Customers and purchases in the admin, to be read."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import quote
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from catalog.models import Product
from catalog.naming import search_terms
from customers import admin_email
from customers.auth import with_address
from customers.models import Customer, Purchase
from kafka_bridge import timeline
from kafka_bridge.admin_base import ReadOnlyAdmin, link_to
from kafka_bridge.admin_lists import List, by_id
from kafka_bridge.masking import may_see, shown_to
from kafka_bridge.models import Receipt

MOST_PRODUCTS = 100  # whose purchases one search finds: the embedded server's $in is quadratic


class CustomerList(List):
    """A page of customers, as the operator may see them."""

    def get_results(self, request: HttpRequest) -> None:
        """Fetch the page's customers."""
        super().get_results(request)
        self.result_list = [shown_to(request, customer) for customer in self.result_list]


@admin.register(Customer)
class CustomerAdmin(ReadOnlyAdmin):
    """Who registered. The password's hash is shown to nobody."""

    list_display = ["__str__", "email", "postcode", "city", "registered_at"]
    list_filter = ["registered_at"]
    date_hierarchy = "registered_at"
    ordering = ["-registered_at"]
    sortable_by = ["registered_at"]
    search_fields = ["id"]
    search_help_text = _("beginnings of the name, city or postcode; or the whole e-mail or id")
    fields = [
        "id",
        "first_name",
        "last_name",
        "street",
        "postcode",
        "city",
        "email",
        "purchases",
        "version",
        "registered_at",
        "changed_at",
    ]

    def get_urls(self) -> list[URLPattern]:
        """Return the pages of customers, and the one about the address of an imported one."""
        view = self.admin_site.admin_view(self._email)
        name = "customers_customer_email"
        return [path("<path:object_id>/email/", view, name=name), *super().get_urls()]

    def _email(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return admin_email.page(self, request, object_id)

    def get_fields(self, request: HttpRequest, obj: Customer | None = None) -> list[Any]:
        """Return what is shown; to who may see to it also how an imported customer logs in."""
        fields = list(self.fields)
        if obj and obj.imported and admin_email.may_give(request):
            fields.insert(fields.index("purchases"), "log_in")
        return fields

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[List]:
        """Return the list that masks what the operator may not see."""
        return CustomerList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Customer], search_term: str
    ) -> tuple[QuerySet[Customer], bool]:
        """Find customers by words, or by the whole address.

        Who may not see names may not guess them either.
        """
        if not (text := search_term.strip()):
            return queryset, False
        if "@" in text:
            return queryset.filter(pk__in=with_address(text)), False
        words = search_terms(text) if may_see(request) else []
        named = queryset.filter(search__contains=words) if words else queryset.none()
        return by_id(queryset, text, named), False

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Refuse filters in the address by what the operator may not see."""
        personal = lookup.partition("__")[0] in Customer.personal
        hidden = personal and not may_see(request)
        return not hidden and super().lookup_allowed(lookup, value, request)

    def timeline_of(self, document: Customer) -> timeline.Timeline:
        """Return the customer's own events and those of the purchases made last."""
        bought = Purchase.objects.filter(customer_id=document.pk).order_by("-bought_at", "-pk")
        newest = bought.values_list("pk", flat=True)[: timeline.LONGEST]
        return timeline.of(document.pk, list(newest))

    @admin.display(description=_("log-in"))
    def log_in(self, customer: Customer) -> SafeString:
        """Return a link to where the customer is given an address to log in with."""
        address = reverse("admin:customers_customer_email", args=[quote(customer.pk)])
        return format_html('<a href="{}">{}</a>', address, gettext("E-mail address and link"))

    @admin.display(description=_("purchases"))
    def purchases(self, customer: Customer) -> SafeString:
        """Return a link to the customer's purchases."""
        address = reverse("admin:customers_purchase_changelist")
        query = urlencode({"customer_id": customer.pk})
        return format_html('<a href="{}?{}">{}</a>', address, query, gettext("Show"))


class PurchaseList(List):
    """A page of purchases and their customers.

    One query fetches the customers. Django's join would leave out a purchase whose customer is
    unknown, and there may be such.
    """

    def get_results(self, request: HttpRequest) -> None:
        """Fetch the page's purchases, then their customers."""
        super().get_results(request)
        self.result_list = list(self.result_list)
        customers = Customer.objects.in_bulk({found.customer_id for found in self.result_list})
        field = Purchase._meta.get_field("customer")
        for purchase in self.result_list:
            found = customers.get(purchase.customer_id)
            field.set_cached_value(purchase, found and shown_to(request, found))


def _products(text: str) -> list[str]:
    """Return the ids of products that are called so, or of the one that has this id."""
    called = Q(search__contains=words) if (words := search_terms(text)) else Q()
    found = Product.objects.filter(Q(pk=text) | called)
    return list(found.values_list("pk", flat=True)[: MOST_PRODUCTS + 1])


@admin.register(Purchase)
class PurchaseAdmin(ReadOnlyAdmin):
    """Who bought what, and for how much."""

    list_display = ["bought_at", "buyer", "name", "type", "price", "quantity", "value"]
    list_filter = ["bought_at"]
    date_hierarchy = "bought_at"
    ordering = ["-bought_at"]
    sortable_by = ["bought_at"]
    search_fields = ["id"]
    search_help_text = _("a product's name, a customer's whole e-mail address, or an id")
    view_on_site = False
    fields = [
        "buyer",
        "product",
        "name",
        "type",
        "price",
        "quantity",
        "value",
        "bought_at",
        "order_id",
        "event",
    ]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[List]:
        """Return the list that fetches customers along."""
        return PurchaseList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Purchase], search_term: str
    ) -> tuple[QuerySet[Purchase], bool]:
        """Find purchases by their product or their customer, each through an index."""
        text = search_term.strip()
        if not text or "@" in text:
            return (
                queryset.filter(customer_id__in=with_address(text)) if text else queryset
            ), False
        if products := _products(text):
            if len(products) > MOST_PRODUCTS:
                messages.warning(request, _("Many products are called that: some are left out."))
            return queryset.filter(product_id__in=products[:MOST_PRODUCTS]), False
        return queryset.filter(Q(pk=text) | Q(customer_id=text)), False

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Purchase | None:
        """Return the purchase with its customer, as the operator may see them."""
        purchase: Purchase | None = super().get_object(request, object_id, from_field)
        buyer = purchase and Customer.objects.filter(pk=purchase.customer_id).first()
        if purchase and buyer:
            purchase.customer = shown_to(request, buyer)
        return purchase

    def timeline_of(self, document: Purchase) -> timeline.Timeline:
        """Return the one event of a purchase."""
        return timeline.of(document.pk, [document.pk])

    @admin.display(description=_("customer"))
    def buyer(self, purchase: Purchase) -> SafeString | str:
        """Return a link to the customer, or the id of one who is unknown."""
        try:
            return link_to(purchase.customer)
        except Customer.DoesNotExist:
            return purchase.customer_id

    @admin.display(description=_("product"))
    def product(self, purchase: Purchase) -> SafeString | str:
        """Return a link to the product as it stands now."""
        product = Product.objects.filter(pk=purchase.product_id).first()
        return link_to(product) if product else purchase.product_id

    @admin.display(description=_("event"))
    def event(self, purchase: Purchase) -> SafeString | str:
        """Return a link to the receipt of the event, which is the purchase's key."""
        receipt = Receipt.objects.filter(pk=purchase.pk).first()
        return link_to(receipt) if receipt else purchase.pk
