"""Which pages are for customers only, and who the customer is."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from customers.models import Customer

P = ParamSpec("P")
CustomerView = Callable[Concatenate[HttpRequest, Customer, P], HttpResponseBase]


def customer_of(request: HttpRequest) -> Customer | None:
    """Return the customer who is logged in; an operator is none."""
    user: object = request.user
    return user if isinstance(user, Customer) else None


def for_customers(view: CustomerView[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Give a view the customer who is logged in; others log in first, and come back."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        customer = customer_of(request)
        if customer is None:
            return redirect_to_login(request.get_full_path())
        return view(request, customer, *args, **kwargs)

    return guarded
