"""Changing one's name and address."""

from functools import partial
from uuid import UUID

from django.contrib import messages
from django.forms import model_to_dict
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from customers.access import for_customers
from customers.events import CustomerChanged
from customers.forms import PERSON, PersonForm
from customers.models import Customer
from customers.views import answers
from customers.views.answers import Answer
from customers.views.sending import follow, recall, remember, send
from kafka_bridge import publisher
from kafka_bridge.envelope import Envelope, wrap
from kafka_bridge.models import Receipt
from kafka_bridge.submission import new_token

WAITING = "changes"  # in the session: what was filled in, by event id
Typed = dict[str, str]  # the fields, and the version of the customer that was seen


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@for_customers
def change(request: HttpRequest, customer: Customer) -> HttpResponse:
    """Show what can be changed, and publish what the customer made of it."""
    if request.method == "POST":
        return _change(request, customer, PersonForm(request.POST))
    publisher.warm()
    return _page(request, customer, PersonForm(initial=model_to_dict(customer, PERSON)))


@never_cache
@require_safe
@for_customers
def pending(request: HttpRequest, customer: Customer, event_id: UUID) -> HttpResponse:
    """Follow a change that this session sent, until it is decided."""
    typed = recall(request, WAITING, event_id)
    receipt = follow(request, event_id, "customers/change_pending.html")
    if not isinstance(receipt, Receipt):
        return receipt
    if receipt.applied:
        remember(request, WAITING, event_id, {})
    return _decided(request, customer, typed, receipt)


def _change(request: HttpRequest, customer: Customer, form: PersonForm) -> HttpResponse:
    seen, token = request.POST.get("seen", ""), request.POST.get("token", "")
    sent = send(form, token, _purpose(customer, seen), partial(_event, customer, form, seen))
    if isinstance(sent, Answer):
        return _page(request, customer, form, sent)
    typed = form.person | {"seen": seen}
    if sent.receipt is None:
        remember(request, WAITING, sent.event.id, typed)
        return redirect("customers:change-pending", sent.event.id)
    return _decided(request, Customer.objects.get(pk=customer.pk), typed, sent.receipt)


def _purpose(customer: Customer, seen: str) -> str:
    return f"change:{customer.pk}:{seen}"


def _event(
    customer: Customer, form: PersonForm, seen: str, event_id: str
) -> Envelope[CustomerChanged]:
    data = CustomerChanged(**form.person, version=int(seen))
    return wrap(data, subject=customer.pk, source=answers.SOURCE, event_id=event_id)


def _decided(request: HttpRequest, now: Customer, typed: Typed, receipt: Receipt) -> HttpResponse:
    if not receipt.applied:
        return _page(request, now, PersonForm(initial=typed), answers.rejected(receipt))
    if typed and _overtaken(now, typed):
        return _page(request, now, PersonForm(initial=typed), answers.sent_before())
    messages.success(request, _("Your data were changed."))
    return redirect("customers:profile")


def _overtaken(now: Customer, typed: Typed) -> bool:
    """Whether the form had been sent before, with other data, and those were applied.

    They may have reached Kafka although they were reported as not sent.
    """
    changed_once = now.version == int(typed["seen"]) + 1
    return changed_once and any(getattr(now, name) != typed[name] for name in PERSON)


def _page(
    request: HttpRequest, customer: Customer, form: PersonForm, answer: Answer = answers.FRESH
) -> HttpResponse:
    """Show the form; when it was refused, beside it what stands there now."""
    seen = request.POST.get("seen", "") if answer.token else str(customer.version)
    context = {
        "form": form,
        "seen": seen,
        "token": answer.token or new_token(_purpose(customer, seen)),
        "refusal": answer.said,
        "stands": customer if answer.status == 409 else None,
    }
    return render(request, "customers/change.html", context, status=answer.status)
