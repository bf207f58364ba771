"""What the shop knows of a customer: shown, and given to take away."""

from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from customers import export
from customers.access import for_customers
from customers.events import (
    CustomerChanged,
    CustomerEmailGiven,
    CustomerImported,
    CustomerRegistered,
)
from customers.models import Customer, Purchase
from kafka_bridge import timeline
from kafka_bridge.registry import name_of

WORDS = {
    name_of(CustomerRegistered): _("You registered"),
    name_of(CustomerImported): _("Your data came from another shop"),
    name_of(CustomerEmailGiven): _("The shop gave you an e-mail address to log in with"),
    name_of(CustomerChanged): _("You changed your data"),
}


@never_cache
@require_safe
@for_customers
def profile(request: HttpRequest, customer: Customer) -> HttpResponse:
    """Show the customer's data, what their purchases come to, and the events about them."""
    mine = Purchase.objects.filter(customer=customer.pk)
    happened = timeline.of(customer.pk)
    context = {
        "customer": customer,
        "total": mine.aggregate(value=Sum("value"), pieces=Sum("quantity"), count=Count("pk")),
        "events": [(WORDS.get(one.type, one.type), one) for one in happened.receipts[::-1]],
        "cut": happened.cut,
    }
    return render(request, "customers/profile.html", context)


@never_cache
@require_safe
@for_customers
def download(request: HttpRequest, customer: Customer) -> StreamingHttpResponse:
    """Give the customer everything that the shop knows of them, as a JSON file.

    It is written while it is read: no number of purchases has to fit in memory.
    """
    name = f"my-data-{timezone.localdate():%Y-%m-%d}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    pieces = export.everything(customer.pk)
    return StreamingHttpResponse(pieces, content_type="application/json", headers=headers)
