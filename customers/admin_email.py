"""Giving an imported customer an e-mail address, and the link with which they log in first."""

from functools import partial
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from catalog.admin_forms import source_of
from customers import invitations
from customers.events import CustomerEmailGiven
from customers.forms import email_field
from customers.identity import normalise
from customers.models import Customer
from customers.views import answers
from customers.views.answers import Answer
from customers.views.sending import Sent, send
from kafka_bridge.admin_base import ReadOnlyAdmin
from kafka_bridge.envelope import Envelope, wrap
from kafka_bridge.masking import may, may_see
from kafka_bridge.submission import new_token


class EmailForm(forms.Form):
    """An address for one customer."""

    email = email_field("off")

    def __init__(self, customer: Customer, data: Any = None) -> None:
        self._customer = customer
        super().__init__(data, initial={"email": customer.email})

    def clean_email(self) -> str:
        """Refuse early an address that another customer has. Two at once may still get it."""
        email: str = self.cleaned_data["email"]
        others = Customer.objects.filter(email=normalise(email)).exclude(pk=self._customer.pk)
        if other := others.first():
            raise ValidationError(_("%(name)s has this address already.") % {"name": other})
        return email


def may_give(request: HttpRequest) -> bool:
    """Whether the operator may do it. They see the customer's data, and could log in as them."""
    return may(request, "customers.give_email") and may_see(request)


def page(admin: ReadOnlyAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
    """Show an imported customer's address, and the link if they need one; publish a new address."""
    if not may_give(request):
        raise PermissionDenied
    customer: Customer | None = admin.get_object(request, unquote(object_id))
    if customer is None or not customer.imported:
        raise Http404
    if request.method == "POST":
        return _give(admin, request, customer)
    return _shown(admin, request, customer, EmailForm(customer))


def _give(admin: ReadOnlyAdmin, request: HttpRequest, customer: Customer) -> HttpResponse:
    form = EmailForm(customer, request.POST)
    seen, token = request.POST.get("seen", ""), request.POST.get("token", "")
    event = partial(_event, request, customer, form, seen)
    sent = send(form, token, _purpose(request, customer, seen), event)
    if isinstance(sent, Answer):
        return _shown(admin, request, customer, form, sent)
    now = Customer.objects.get(pk=customer.pk)
    if refusal := _refusal(sent, now):
        return _shown(admin, request, now, form, refusal)
    level, said = _told(sent)
    admin.message_user(request, said, level)
    return redirect("admin:customers_customer_email", quote(customer.pk))


def _purpose(request: HttpRequest, customer: Customer, seen: str) -> str:
    return f"email:{customer.pk}:{seen}:{request.user.pk}"


def _event(
    request: HttpRequest, customer: Customer, form: EmailForm, seen: str, event_id: str
) -> Envelope[CustomerEmailGiven]:
    data = CustomerEmailGiven(form.cleaned_data["email"], int(seen))
    source = source_of(str(request.user.pk))
    return wrap(data, subject=customer.pk, source=source, event_id=event_id)


def _refusal(sent: Sent[CustomerEmailGiven], now: Customer) -> Answer | None:
    if sent.receipt is None:
        return None
    if not sent.receipt.applied:
        return answers.rejected(sent.receipt)
    return None if now.email == normalise(sent.event.data.email) else answers.sent_before()


def _told(sent: Sent[CustomerEmailGiven]) -> tuple[int, str | SafeString]:
    if sent.receipt is not None:
        return messages.SUCCESS, _("The address was given.")
    receipts = reverse("admin:kafka_bridge_receipt_changelist")
    query = urlencode({"q": sent.event.id})
    said, look = _("The address was sent, but is not yet applied."), _("Look for its receipt")
    return messages.WARNING, format_html('{} <a href="{}?{}">{}</a>', said, receipts, query, look)


def _shown(
    admin: ReadOnlyAdmin,
    request: HttpRequest,
    customer: Customer,
    form: EmailForm,
    answer: Answer = answers.FRESH,
) -> HttpResponse:
    seen = request.POST.get("seen", "") if answer.token else str(customer.version)
    context = {
        **admin.admin_site.each_context(request),
        "title": _("E-mail address to log in with"),
        "opts": admin.opts,
        "customer": customer,
        "form": form,
        "seen": seen,
        "token": answer.token or new_token(_purpose(request, customer, seen)),
        "refusal": answer.said,
        "link": _link(request, customer),
        "good_until": timezone.now() + invitations.lifetime(),
    }
    template = "admin/customers/customer/email.html"
    return TemplateResponse(request, template, context, status=answer.status)


def _link(request: HttpRequest, customer: Customer) -> str:
    """Return a link for a customer who has an address and no password, else nothing."""
    if not customer.email or customer.has_usable_password():
        return ""
    path = invitations.address_of(customer, invitations.new_link(customer))
    return request.build_absolute_uri(path)
