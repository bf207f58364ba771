"""Checking out: each line of the basket becomes an event of its own, all in one order."""

from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from typing import NamedTuple
from uuid import UUID, uuid5

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from catalog.models import Product
from customers import basket, on_the_way
from customers.access import for_customers
from customers.events import ProductBought
from customers.models import Customer
from customers.on_the_way import Sent
from customers.views import answers
from customers.views.answers import Answer
from kafka_bridge import publisher
from kafka_bridge.envelope import Envelope, wrap
from kafka_bridge.standing import State
from kafka_bridge.submission import ForgedToken, submit_together


class Line(NamedTuple):
    """A line of an order as the customer sees it: `price` is for one piece."""

    event_id: str
    product_id: str
    quantity: int
    price: str

    @property
    def unit_price(self) -> Decimal:
        """The price as a number."""
        return Decimal(self.price)

    @property
    def value(self) -> Decimal:
        """What it costs."""
        return self.unit_price * self.quantity


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@for_customers
def check_out(request: HttpRequest, customer: Customer) -> HttpResponse:
    """Show the order before it is sent, and publish it."""
    if request.method == "POST":
        return _buy(request, customer, request.POST.get("token", ""))
    publisher.warm()
    return _offer(request, customer)


@never_cache
@require_safe
@for_customers
def order(request: HttpRequest, customer: Customer, order_id: UUID) -> HttpResponse:
    """Say of each line of an order what became of it, and follow those that are not decided."""
    rows = on_the_way.of_order(request, str(order_id))
    waiting = on_the_way.waiting(rows)
    if answer := answers.following(request, waiting):
        return answer
    if not rows:
        return redirect("customers:purchases")
    on_the_way.told(request, [row.event_id for row in rows if row.refused])
    bought = [row for row in rows if row.state == State.APPLIED]
    context = {
        "rows": rows,
        "waiting": waiting,
        "bought": len(bought),
        "total": sum(row.value for row in bought),
    }
    return render(request, "customers/order.html", context)


def _offer(
    request: HttpRequest, customer: Customer, answer: Answer = answers.FRESH
) -> HttpResponse:
    """Show what is on sale of the basket, at its prices now."""
    on_the_way.settle(request)
    lines = [
        Line(line.event_id, line.product_id, line.quantity, f"{line.product.price:.2f}")
        for line in basket.lines(request)
        if line.product and line.on_sale
    ]
    if not lines:
        return redirect("customers:basket")
    token = signing.dumps(lines, salt=_salt(customer), compress=True)
    return _page(request, lines, _products(lines), answer._replace(token=token))


def _products(lines: Sequence[Line]) -> dict[str, Product]:
    return Product.objects.in_bulk([line.product_id for line in lines])


def _page(
    request: HttpRequest, lines: Sequence[Line], products: dict[str, Product], answer: Answer
) -> HttpResponse:
    context = {
        "lines": [(line, products.get(line.product_id)) for line in lines],
        "total": sum(line.value for line in lines),
        "token": answer.token,
        "refusal": answer.said,
    }
    return render(request, "customers/check_out.html", context, status=answer.status)


def _buy(request: HttpRequest, customer: Customer, token: str) -> HttpResponse:
    try:
        lines = _signed(token, customer)
    except ForgedToken:
        return _offer(request, customer, answers.foreign_form())
    products = _products(lines)  # now: when Kafka took its time, none is left to ask MongoDB
    order_id = _id_of(lines)
    events = [_event(line, customer, order_id) for line in lines]
    fates = submit_together(events, partial(_remember, request, lines, order_id))
    if not any(fate.sent for fate in fates):
        return _page(request, lines, products, answers.not_sent(token))
    return redirect("customers:order", order_id)


def _salt(customer: Customer) -> str:
    return f"{__name__}:{customer.pk}"


def _signed(token: str, customer: Customer) -> list[Line]:
    """Return the lines of a token; raise `ForgedToken` unless it was made for this customer.

    It holds all that the customer saw, so a form that is sent again is the same events.
    """
    try:
        return [Line(*line) for line in signing.loads(token, salt=_salt(customer))]
    except signing.BadSignature:
        raise ForgedToken from None


def _id_of(lines: Sequence[Line]) -> str:
    """Return the order's id: the same in all tabs that show the same lines."""
    return str(uuid5(UUID(lines[0].event_id), " ".join(line.event_id for line in lines)))


def _event(line: Line, customer: Customer, order_id: str) -> Envelope[ProductBought]:
    data = ProductBought(customer.pk, line.quantity, line.unit_price, order_id)
    return wrap(data, subject=line.product_id, source=answers.SOURCE, event_id=line.event_id)


def _remember(
    request: HttpRequest, lines: Sequence[Line], order_id: str, sent: Sequence[bool]
) -> None:
    if any(sent):
        purchases = {
            line.event_id: Sent(
                product=line.product_id,
                quantity=line.quantity,
                price=line.price,
                order=order_id,
                at=on_the_way.WAITING if known else on_the_way.UNSENT,
            )
            for line, known in zip(lines, sent, strict=True)
        }
        on_the_way.remember(request, purchases)
