"""The list of products."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from catalog.forms import ListingForm
from catalog.listing import on_sale


@require_safe
def products(request: HttpRequest) -> HttpResponse:
    """List what is on sale; what cannot be understood of the question is left out of it."""
    form = ListingForm(request.GET)
    form.is_valid()
    after, before = request.GET.get("after", ""), request.GET.get("before", "")
    page = on_sale(form.cleaned_data).page(after, before)
    return render(request, "catalog/products.html", {"form": form, "page": page})
