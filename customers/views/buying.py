"""A product's page, where customers buy it at the price that they see there."""

from functools import partial

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from catalog.models import Product
from customers import on_the_way
from customers.access import customer_of, for_customers
from customers.events import ProductBought
from customers.forms import BuyForm
from customers.models import Customer
from customers.on_the_way import Sent
from customers.views import answers, basket
from customers.views.answers import Answer
from kafka_bridge import publisher, standing
from kafka_bridge.envelope import Envelope, wrap
from kafka_bridge.models import Receipt
from kafka_bridge.standing import State
from kafka_bridge.submission import ForgedToken, event_id_of, new_token, submit, token_for


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def product(request: HttpRequest, product_id: str) -> HttpResponse:
    """Show a product with the form to buy it, and publish what a customer buys."""
    shown = get_object_or_404(Product, pk=product_id)
    if request.method != "POST":
        publisher.warm()
        return _offer(request, shown, request.GET.get("quantity", "1"))
    if "basket" in request.POST:
        return _put(request, shown)
    customer = customer_of(request)
    if customer is None:
        wanted = urlencode({"quantity": request.POST.get("quantity", "1")})
        return redirect_to_login(f"{shown.get_absolute_url()}?{wanted}")
    return _buy(request, customer, shown)


@never_cache
@require_safe
@for_customers
def pending(request: HttpRequest, customer: Customer, token: str, product_id: str) -> HttpResponse:
    """Follow a purchase that this customer sent, until it is decided."""
    try:
        event_id = event_id_of(token, _purpose("pending", customer, product_id))
    except ForgedToken:
        raise Http404 from None
    now = standing.of([event_id])[event_id]
    if now.state is State.WAITING:
        return answers.waiting(request, "customers/purchase_pending.html")
    if turned := answers.turned(request):
        return turned
    if now.receipt is None:
        return _held_up(request, product_id, event_id, now.state)
    return _decided(request, product_id, now.receipt, request.GET.get("quantity", "1"))


def _held_up(request: HttpRequest, product_id: str, event_id: str, state: State) -> HttpResponse:
    """Say of a purchase that it is a dead letter, or was one and was discarded."""
    dropped = state is State.DROPPED
    if dropped:
        on_the_way.told(request, [event_id])
    context = {"product_id": product_id, "dropped": dropped}
    return render(request, "customers/purchase_held.html", context)


def _put(request: HttpRequest, shown: Product) -> HttpResponse:
    form = BuyForm(request.POST)
    if shown.withdrawn:
        return _offer(request, shown, "1", Answer(409))
    if not form.is_valid():
        return _invalid(request, shown, form, "")
    return basket.put(request, shown, form)


def _purpose(what: str, customer: Customer, product_id: str) -> str:
    return f"{what}:{customer.pk}:{product_id}"


def _buy(request: HttpRequest, customer: Customer, shown: Product) -> HttpResponse:
    form, token = BuyForm(request.POST), request.POST.get("token", "")
    quantity = request.POST.get("quantity", "1")
    try:
        event_id = event_id_of(token, _purpose("buy", customer, shown.pk))
    except ForgedToken:
        return _offer(request, shown, quantity, answers.foreign_form())
    if not form.is_valid():
        return _invalid(request, shown, form, token)
    event = _event(customer, shown, form, event_id)
    try:
        receipt = submit(event, undecided=partial(_remember, request, event))
    except publisher.NotPublished:
        return _page(request, shown, form, answers.not_sent(token))
    if receipt is None:
        place = token_for(event_id, _purpose("pending", customer, shown.pk))
        follow = reverse("customers:purchase", args=[place, shown.pk])
        return redirect(f"{follow}?{urlencode({'quantity': quantity})}")
    return _decided(request, shown.pk, receipt, quantity)


def _event(
    customer: Customer, shown: Product, form: BuyForm, event_id: str
) -> Envelope[ProductBought]:
    asked = form.cleaned_data
    data = ProductBought(customer.pk, asked["quantity"], asked["price"])
    return wrap(data, subject=shown.pk, source=answers.SOURCE, event_id=event_id)


def _remember(request: HttpRequest, event: Envelope[ProductBought]) -> None:
    data = event.data
    price, waiting = str(data.price), on_the_way.WAITING
    one = Sent(product=event.subject, quantity=data.quantity, price=price, order="", at=waiting)
    on_the_way.remember(request, {event.id: one})


def _decided(
    request: HttpRequest, product_id: str, receipt: Receipt, quantity: str
) -> HttpResponse:
    on_the_way.told(request, [receipt.pk])
    if receipt.applied:
        bought = urlencode({"bought": receipt.pk})
        return redirect(f"{reverse('customers:purchases')}?{bought}")
    now = get_object_or_404(Product, pk=product_id)
    return _offer(request, now, quantity, answers.rejected(receipt))


def _invalid(request: HttpRequest, shown: Product, form: BuyForm, token: str) -> HttpResponse:
    """Show the fields' messages; a price that is none cannot be corrected, only seen anew."""
    answer = answers.invalid(token)
    if "price" not in form.errors:
        return _page(request, shown, form, answer)
    said = str(form.errors["price"][0])
    return _offer(request, shown, request.POST.get("quantity", "1"), answer._replace(said=said))


def _offer(
    request: HttpRequest, shown: Product, quantity: str, answer: Answer = answers.FRESH
) -> HttpResponse:
    """Show the product with a form at its price now."""
    form = BuyForm(initial={"quantity": quantity, "price": shown.price})
    return _page(request, shown, form, answer)


def _page(request: HttpRequest, shown: Product, form: BuyForm, answer: Answer) -> HttpResponse:
    customer = customer_of(request)
    token = customer and (answer.token or new_token(_purpose("buy", customer, shown.pk)))
    context = {"product": shown, "form": form, "token": token, "refusal": answer.said}
    return render(request, "customers/product.html", context, status=answer.status)
