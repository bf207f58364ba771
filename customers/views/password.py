"""Changing one's password. The session that does it goes on, all others of the customer end."""

from functools import partial
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from customers.access import for_customers
from customers.events import CustomerChanged
from customers.forms import PERSON, PasswordForm
from customers.models import Customer
from customers.passwords import auth_hash, expect, hashed
from customers.views import answers
from customers.views.answers import Answer
from customers.views.sending import follow, is_decided, recall, remember, send
from kafka_bridge import publisher
from kafka_bridge.envelope import Envelope, wrap
from kafka_bridge.models import Receipt
from kafka_bridge.submission import new_token

WAITING = "passwords"  # in the session: the session auth hash that is to come, by event id


@sensitive_post_parameters("current", "password", "repeated")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@for_customers
def password(request: HttpRequest, customer: Customer) -> HttpResponse:
    """Ask for the old and the new password, and publish the new one's hash."""
    if request.method == "POST":
        return _change(request, customer)
    publisher.warm()
    return _page(request, customer, PasswordForm(customer))


@never_cache
@require_safe
@for_customers
def pending(request: HttpRequest, customer: Customer, event_id: UUID) -> HttpResponse:
    """Follow a change of the password that this session sent, until it is decided."""
    expected = recall(request, WAITING, event_id)
    receipt = follow(request, event_id, "customers/password_pending.html")
    if not isinstance(receipt, Receipt):
        return receipt
    return _decided(request, customer, expected, receipt)


def _change(request: HttpRequest, customer: Customer) -> HttpResponse:
    token, purpose = request.POST.get("token", ""), _purpose(customer)
    form = PasswordForm(customer, request.POST, decided=is_decided(token, purpose))
    sent = send(form, token, purpose, partial(_event, request, customer, form))
    if isinstance(sent, Answer):
        return _page(request, customer, form, sent)
    expected = auth_hash(sent.event.data.password or "")
    if sent.receipt is None:
        remember(request, WAITING, sent.event.id, expected)
        return redirect("customers:password-pending", sent.event.id)
    now = Customer.objects.get(pk=customer.pk)
    return _decided(request, now, expected, sent.receipt)


def _purpose(customer: Customer) -> str:
    return f"password:{customer.pk}"


def _event(
    request: HttpRequest, customer: Customer, form: PasswordForm, event_id: str
) -> Envelope[CustomerChanged]:
    """Return the event; the rest of the data stay as they are, or it is refused as stale."""
    encoded = hashed(form.cleaned_data["password"], event_id)
    expect(request.session, encoded)
    person = {name: getattr(customer, name) for name in PERSON}
    data = CustomerChanged(**person, version=customer.version, password=encoded)
    return wrap(data, subject=customer.pk, source=answers.SOURCE, event_id=event_id)


def _decided(request: HttpRequest, now: Customer, expected: str, receipt: Receipt) -> HttpResponse:
    if not receipt.applied:
        return _page(request, now, PasswordForm(now), answers.rejected(receipt))
    if now.get_session_auth_hash() != expected:
        return _page(request, now, PasswordForm(now), answers.sent_before())
    said = _("Your password was changed. Wherever else you were logged in, you no longer are.")
    messages.success(request, said)
    return redirect("customers:profile")


def _page(
    request: HttpRequest, customer: Customer, form: PasswordForm, answer: Answer = answers.FRESH
) -> HttpResponse:
    token = answer.token or new_token(_purpose(customer))
    context = {"form": form, "token": token, "refusal": answer.said}
    return render(request, "customers/password.html", context, status=answer.status)
