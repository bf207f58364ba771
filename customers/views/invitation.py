"""A customer who came from elsewhere follows an operator's link and takes their account over."""

from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from customers import invitations
from customers.events import CustomerChanged
from customers.forms import InvitationForm
from customers.models import Customer
from customers.passwords import auth_hash, hashed
from customers.views import answers
from customers.views.answers import Answer
from customers.views.registration import BACKEND
from customers.views.sending import follow, is_decided, recall, remember, send
from kafka_bridge import publisher
from kafka_bridge.envelope import Envelope, wrap
from kafka_bridge.models import Receipt
from kafka_bridge.submission import new_token

WAITING = "invitations"  # in the session: what was filled in, and what came with it, by event id


@sensitive_post_parameters("password", "repeated")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, who: str, link: str) -> HttpResponse:
    """Show what is known of the customer, and publish what they make of it and their password."""
    customer = invitations.whose(who)
    if customer is None:
        return _over(request)
    if request.method == "POST":
        return _accept(request, customer, link)
    publisher.warm()
    return _page(request, customer, InvitationForm(customer), link)


@never_cache
@require_safe
def pending(request: HttpRequest, event_id: UUID) -> HttpResponse:
    """Follow what this session sent, until it is decided."""
    kept = recall(request, WAITING, event_id)
    receipt = follow(request, event_id, "customers/registration_pending.html")
    if not isinstance(receipt, Receipt):
        return receipt
    if receipt.applied:
        remember(request, WAITING, event_id, kept | {"typed": {}})
    return _decided(request, kept, receipt)


def _accept(request: HttpRequest, customer: Customer, link: str) -> HttpResponse:
    form = InvitationForm(customer, request.POST)
    seen, token = request.POST.get("seen", ""), request.POST.get("token", "")
    purpose = _purpose(customer, seen)
    # A form that is sent twice has used up its link: what came of it is told all the same.
    if not invitations.is_good(customer, link) and not is_decided(token, purpose):
        return _over(request)
    sent = send(form, token, purpose, partial(_event, customer, form, seen))
    if isinstance(sent, Answer):
        return _page(request, customer, form, link, sent)
    kept = {
        "typed": form.person,
        "link": link,
        "auth_hash": auth_hash(sent.event.data.password or ""),
    }
    if sent.receipt is None:
        remember(request, WAITING, sent.event.id, kept)
        return redirect("customers:invitation-pending", sent.event.id)
    return _decided(request, kept, sent.receipt)


def _purpose(customer: Customer, seen: str) -> str:
    return f"invitation:{customer.pk}:{seen}"


def _event(
    customer: Customer, form: InvitationForm, seen: str, event_id: str
) -> Envelope[CustomerChanged]:
    password = hashed(form.cleaned_data["password"], event_id)
    data = CustomerChanged(**form.person, version=int(seen), password=password)
    return wrap(data, subject=customer.pk, source=answers.SOURCE, event_id=event_id)


def _decided(request: HttpRequest, kept: dict[str, Any], receipt: Receipt) -> HttpResponse:
    now = Customer.objects.get(pk=receipt.key)
    if not receipt.applied:
        form = InvitationForm(now, typed=kept["typed"])
        return _page(request, now, form, kept["link"], answers.rejected(receipt))
    if now.get_session_auth_hash() != kept["auth_hash"]:
        return _over(request)  # the form was sent before, with another password
    login(request, now, backend=BACKEND)
    said = _("Welcome, %(name)s! From now on you log in as %(email)s.")
    messages.success(request, said % {"name": now.first_name, "email": now.email})
    return redirect(settings.LOGIN_REDIRECT_URL)


def _page(
    request: HttpRequest,
    customer: Customer,
    form: InvitationForm,
    link: str,
    answer: Answer = answers.FRESH,
) -> HttpResponse:
    """Show the form to who has a good link."""
    if not invitations.is_good(customer, link):
        return _over(request)
    seen = request.POST.get("seen", "") if answer.token else str(customer.version)
    context = {
        "customer": customer,
        "form": form,
        "seen": seen,
        "token": answer.token or new_token(_purpose(customer, seen)),
        "refusal": answer.said,
        "stands": customer if answer.status == 409 else None,
        "action": invitations.address_of(customer, link),
    }
    return render(request, "customers/invitation.html", context, status=answer.status)


def _over(request: HttpRequest) -> HttpResponse:
    """Say that the link is not good, or no longer (RFC 9110: 410)."""
    return render(request, "customers/invitation_over.html", status=410)
