"""Registering. Who registered is logged in, in the session that sent the form and in no other."""

from functools import partial
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

from customers import basket
from customers.access import customer_of
from customers.events import CustomerRegistered
from customers.forms import RegistrationForm
from customers.identity import customer_id
from customers.models import Customer
from customers.views import answers
from customers.views.answers import Answer
from customers.views.sending import Sent, follow, recall, remember, send
from kafka_bridge import publisher
from kafka_bridge.envelope import Envelope, wrap
from kafka_bridge.models import Receipt
from kafka_bridge.submission import new_token

PURPOSE = "register"  # of the token: who fills in the form is not known yet
BACKEND = "customers.auth.CustomerBackend"
WAITING = "registrations"  # in the session: what was filled in, by event id


@sensitive_post_parameters("password", "repeated")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def register(request: HttpRequest) -> HttpResponse:
    """Show the registration form, and publish what was filled in."""
    if request.method == "POST":
        return _register(request, RegistrationForm(request.POST))
    if customer_of(request):
        return redirect(settings.LOGIN_REDIRECT_URL)
    publisher.warm()
    return _page(request, RegistrationForm())


@never_cache
@require_safe
def pending(request: HttpRequest, event_id: UUID) -> HttpResponse:
    """Follow a registration that this session sent, until it is decided."""
    filled_in = recall(request, WAITING, event_id)
    receipt = follow(request, event_id, "customers/registration_pending.html")
    if not isinstance(receipt, Receipt):
        return receipt
    if receipt.applied:
        remember(request, WAITING, event_id, {})
        return _welcome(request, Customer.objects.get(pk=receipt.key))
    return _page(request, RegistrationForm(initial=filled_in), answers.rejected(receipt))


def _page(
    request: HttpRequest, form: RegistrationForm, answer: Answer = answers.FRESH
) -> HttpResponse:
    token = answer.token or new_token(PURPOSE)
    context = {"form": form, "token": token, "refusal": answer.said}
    return render(request, "customers/register.html", context, status=answer.status)


def _register(request: HttpRequest, form: RegistrationForm) -> HttpResponse:
    sent = send(form, request.POST.get("token", ""), PURPOSE, partial(_event, form))
    if isinstance(sent, Answer):
        return _page(request, form, sent)
    if sent.receipt is None:
        remember(request, WAITING, sent.event.id, form.personal)
        return redirect("customers:registration", sent.event.id)
    return _decided(request, form, sent, sent.receipt)


def _event(form: RegistrationForm, event_id: str) -> Envelope[CustomerRegistered]:
    data = form.event(event_id)
    subject = customer_id(data.email)
    return wrap(data, subject=subject, source=answers.SOURCE, event_id=event_id)


def _decided(
    request: HttpRequest, form: RegistrationForm, sent: Sent[CustomerRegistered], receipt: Receipt
) -> HttpResponse:
    if not receipt.applied:
        return _page(request, form, answers.rejected(receipt))
    customer = Customer.objects.get(pk=receipt.key)
    # The form may have been sent before, by anybody who sat at this computer: only who knows the
    # password of then is logged in.
    if (customer.pk, customer.password) == (sent.event.subject, sent.event.data.password):
        return _welcome(request, customer)
    said = _("This form was sent before, with other data. To register once more, send it again.")
    return _page(request, form, Answer(409, said))


def _welcome(request: HttpRequest, customer: Customer) -> HttpResponse:
    login(request, customer, backend=BACKEND)
    said = _("Welcome, %(name)s! You are registered as %(email)s.")
    messages.success(request, said % {"name": customer.first_name, "email": customer.email})
    return redirect(settings.LOGIN_REDIRECT_URL if basket.is_empty(request) else "customers:basket")
