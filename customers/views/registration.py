"""Registering. Who registered is logged in, in the session that sent the form and in no other."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate, login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from customers.access import customer_of
from customers.events import CustomerRegistered
from customers.forms import RegistrationForm
from customers.identity import customer_id
from customers.models import Customer
from customers.views import answers
from customers.views.answers import Answer
from kafka_bridge import publisher, receipts
from kafka_bridge.envelope import Envelope, wrap
from kafka_bridge.models import Receipt
from kafka_bridge.submission import ForgedToken, event_id_of, new_token, submit

PURPOSE = "register"  # of the token: who fills in the form is not known yet
BACKEND = "customers.auth.CustomerBackend"
WAITING = "registrations"  # in the session: what was filled in, by event id
MOST_WAITING = 5


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
    filled_in = request.session.get(WAITING, {}).get(str(event_id))
    if filled_in is None:
        raise Http404
    receipt = receipts.find(str(event_id))
    if receipt is None:
        return answers.waiting(request, "customers/registration_pending.html")
    if turned := answers.turned(request):
        return turned
    if receipt.applied:
        _remember(request, event_id, {})
        return _welcome(request, Customer.objects.get(pk=receipt.key))
    return _page(request, RegistrationForm(initial=filled_in), answers.rejected(receipt))


def _page(
    request: HttpRequest, form: RegistrationForm, answer: Answer = answers.FRESH
) -> HttpResponse:
    token = answer.token or new_token(PURPOSE)
    context = {"form": form, "token": token, "refusal": answer.said}
    return render(request, "customers/register.html", context, status=answer.status)


def _register(request: HttpRequest, form: RegistrationForm) -> HttpResponse:
    token = request.POST.get("token", "")
    try:
        event_id = event_id_of(token, PURPOSE)
    except ForgedToken:
        return _page(request, form, answers.foreign_form())
    if not form.is_valid():
        return _page(request, form, answers.invalid(token))
    event = _event(form, event_id)
    try:
        receipt = submit(event)
    except publisher.NotPublished:
        return _page(request, form, answers.not_sent(token))
    if receipt is None:
        _remember(request, event_id, form.personal)
        return redirect("customers:registration", event_id)
    return _decided(request, form, event, receipt)


def _event(form: RegistrationForm, event_id: str) -> Envelope[CustomerRegistered]:
    data = form.event()
    subject = customer_id(data.email)
    return wrap(data, subject=subject, source=answers.SOURCE, event_id=event_id)


def _decided(
    request: HttpRequest,
    form: RegistrationForm,
    event: Envelope[CustomerRegistered],
    receipt: Receipt,
) -> HttpResponse:
    if not receipt.applied:
        return _page(request, form, answers.rejected(receipt))
    customer = Customer.objects.get(pk=receipt.key)
    if _is_theirs(request, form, event, customer):
        return _welcome(request, customer)
    said = _("This form was sent before, with other data. To register once more, send it again.")
    return _page(request, form, Answer(409, said))


def _is_theirs(
    request: HttpRequest,
    form: RegistrationForm,
    event: Envelope[CustomerRegistered],
    customer: Customer,
) -> bool:
    """Whether this very request registered the customer, or comes from who knows the password.

    The form may have been sent before, by anybody who sat at this computer.
    """
    if customer.password == event.data.password:
        return True
    data = form.cleaned_data
    known = authenticate(request, email=data["email"], password=data["password"])
    return isinstance(known, Customer) and known.pk == customer.pk


def _welcome(request: HttpRequest, customer: Customer) -> HttpResponse:
    login(request, customer, backend=BACKEND)
    said = _("Welcome, %(name)s! You are registered as %(email)s.")
    messages.success(request, said % {"name": customer.first_name, "email": customer.email})
    return redirect(settings.LOGIN_REDIRECT_URL)


def _remember(request: HttpRequest, event_id: UUID | str, filled_in: dict[str, Any]) -> None:
    others = {k: v for k, v in request.session.get(WAITING, {}).items() if k != str(event_id)}
    newest = list(others.items())[1 - MOST_WAITING :]
    request.session[WAITING] = {**dict(newest), str(event_id): filled_in}
