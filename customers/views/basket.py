"""The basket: what is in it, how many of each, and what has changed since it was put in."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from catalog.models import Product
from customers import basket, on_the_way
from customers.events import MOST_AT_ONCE
from customers.forms import BasketForm, BuyForm


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def contents(request: HttpRequest) -> HttpResponse:
    """Show the basket, and change quantities or take a line out."""
    on_the_way.settle(request)
    lines = basket.lines(request)
    if request.method != "POST":
        return _page(request, BasketForm(lines))
    if product_id := request.POST.get("remove"):
        basket.drop(request, product_id)
        return redirect("customers:basket")
    form = BasketForm(lines, request.POST)
    if not form.is_valid():
        return _page(request, form, 422)
    basket.change(request, form.quantities)
    return redirect("customers:check-out" if "check-out" in request.POST else "customers:basket")


def put(request: HttpRequest, product: Product, form: BuyForm) -> HttpResponse:
    """Put what a product's form says into the basket."""
    asked = form.cleaned_data
    try:
        basket.put(request, product.pk, asked["quantity"], asked["price"], asked["once"])
    except basket.Full:
        said = _("A basket holds %(most)d products at most. Check out first, or remove some.")
        messages.error(request, said % {"most": basket.MOST_LINES})
    except basket.TooMany:
        said = _("%(name)s: at most %(most)d pieces at once. Your basket is as it was.")
        messages.error(request, said % {"name": product.name, "most": MOST_AT_ONCE})
    else:
        said = _("Put into the basket: %(quantity)d × %(name)s.")
        messages.success(request, said % {"quantity": asked["quantity"], "name": product.name})
    return redirect("customers:basket")


def _page(request: HttpRequest, form: BasketForm, status: int = 200) -> HttpResponse:
    lines = [line for line, _field in form.rows]
    context = {
        "form": form,
        "total": sum(line.value for line in lines),
        "on_sale": any(line.on_sale for line in lines),
    }
    return render(request, "customers/basket.html", context, status=status)
