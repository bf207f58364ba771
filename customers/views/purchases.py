"""What a customer bought."""

from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from catalog.paging import Keyset, Order
from customers.access import for_customers
from customers.models import Customer, Purchase

NEWEST_FIRST = Order("bought_at", -1)


@never_cache
@require_safe
@for_customers
def purchases(request: HttpRequest, customer: Customer) -> HttpResponse:
    """List the customer's purchases, newest first, with the total of them all."""
    mine = Purchase.objects.filter(customer=customer.pk)
    keyset = Keyset(Purchase, {"customer_id": customer.pk}, NEWEST_FIRST)
    context = {
        "page": keyset.page(request.GET.get("after", ""), request.GET.get("before", "")),
        "total": mine.aggregate(value=Sum("value"), pieces=Sum("quantity")),
        "bought": mine.filter(pk=request.GET.get("bought", "")).first(),
    }
    return render(request, "customers/purchases.html", context)
