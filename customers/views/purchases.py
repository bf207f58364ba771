"""What a customer bought."""

from django.db.models import QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from catalog.paging import Keyset, Order
from customers import on_the_way
from customers.access import for_customers
from customers.models import Customer, Purchase
from customers.views import answers

NEWEST_FIRST = Order("bought_at", -1)


@never_cache
@require_safe
@for_customers
def purchases(request: HttpRequest, customer: Customer) -> HttpResponse:
    """List the customer's purchases, newest first, with the total of them all.

    Above them stand those that are on their way, and what was refused until they have seen it.
    """
    # Looked for before the list is read, lest one that is decided meanwhile stand in neither.
    followed = on_the_way.followed(request)
    waiting = on_the_way.waiting(followed)
    if answer := answers.following(request, waiting):
        return answer
    mine = Purchase.objects.filter(customer=customer.pk)
    keyset = Keyset(Purchase, {"customer_id": customer.pk}, NEWEST_FIRST)
    page = keyset.page(request.GET.get("after", ""), request.GET.get("before", ""))
    context = {
        "page": page,
        "total": mine.aggregate(value=Sum("value"), pieces=Sum("quantity")),
        "waiting": waiting,
        "followed": [row for row in followed if not row.refused],
        "refused": [row for row in followed if row.refused],
        "bought": _bought(request.GET.get("bought"), page.rows, mine),
    }
    return render(request, "customers/purchases.html", context)


def _bought(key: str | None, listed: list[Purchase], mine: QuerySet[Purchase]) -> Purchase | None:
    """Return the purchase that the page tells of, which most often is listed on it."""
    shown = next((purchase for purchase in listed if purchase.pk == key), None)
    return shown or (mine.filter(pk=key).first() if key else None)


@require_POST
@for_customers
def seen(request: HttpRequest, customer: Customer) -> HttpResponse:
    """Show no longer what was refused."""
    refused = [row for row in on_the_way.followed(request) if row.refused]
    on_the_way.told(request, [row.event_id for row in refused])
    return redirect("customers:purchases")
