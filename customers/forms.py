"""What customers fill in. What a form takes, the event that is made of it can carry."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import msgspec
from django import forms
from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.forms import model_to_dict
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from catalog.events import HIGHEST_PRICE, LOWEST_PRICE
from customers import events
from customers.auth import account_of
from customers.basket import Line
from customers.events import MOST_AT_ONCE, CustomerRegistered
from customers.identity import customer_id
from customers.models import Customer
from customers.passwords import hashed, matches
from kafka_bridge.envelope import new_event_id
from kafka_bridge.registry import reasons

LONGEST_EMAIL, LONGEST_PASSWORD = 254, 128
PERSON = ("first_name", "last_name", "street", "postcode", "city")
PERSONAL = (*PERSON, "email")


def fits(kind: Any, longest: int) -> Callable[[str], None]:
    """Return a validator: the text must be one that events carry as this type.

    Of a text that is too long another validator speaks.
    """

    def check(text: str) -> None:
        if len(text) > longest:
            return
        try:
            msgspec.json.decode(msgspec.json.encode(text), type=kind)
        except (msgspec.ValidationError, UnicodeEncodeError):
            raise ValidationError(_("This contains characters that cannot stand here.")) from None

    return check


def _line(label: Any, longest: int, kind: Any, autocomplete: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=longest,
        validators=[fits(kind, longest)],
        widget=forms.TextInput({"autocomplete": autocomplete}),
    )


def email_field(autocomplete: str) -> forms.EmailField:
    """Return a field for an e-mail address, as events carry it."""
    return forms.EmailField(
        label=_("E-mail"),
        max_length=LONGEST_EMAIL,
        validators=[fits(events.Email, LONGEST_EMAIL)],
        widget=forms.EmailInput({"autocomplete": autocomplete}),
    )


def refuse_taken(email: str, by_other_than: str) -> None:
    """Raise `ValidationError` if another customer than the one with this id logs in with it."""
    account = account_of(email)
    if account is not None and account.pk != by_other_than:
        raise ValidationError(reasons["already_registered"])


def _password(label: Any, autocomplete: str, help_text: Any = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=help_text,
        max_length=LONGEST_PASSWORD,
        strip=False,
        validators=[fits(str, LONGEST_PASSWORD)],
        widget=forms.PasswordInput({"autocomplete": autocomplete}),
    )


class PersonForm(forms.Form):
    """Who somebody is, and where they live."""

    first_name = _line(_("First name"), 100, events.Line, "given-name")
    last_name = _line(_("Last name"), 100, events.Line, "family-name")
    street = _line(_("Street and number"), 100, events.Line, "street-address")
    postcode = _line(_("Postcode"), 20, events.Postcode, "postal-code")
    city = _line(_("City"), 100, events.Line, "address-level2")

    @property
    def person(self) -> dict[str, str]:
        """What was filled in."""
        return {name: self.cleaned_data[name] for name in PERSON}


class NewPasswordForm(forms.Form):
    """A new password. It is asked twice, since nobody can send a forgotten one."""

    password = _password(
        _("Password"), "new-password", _("At least 8 characters, not only digits.")
    )
    repeated = _password(_("Password again"), "new-password")

    def clean(self) -> dict[str, Any]:
        """Compare the passwords, and ask Django's validators."""
        cleaned = super().clean() or self.cleaned_data
        password, repeated = cleaned.get("password"), cleaned.get("repeated")
        if password and repeated and password != repeated:
            self.add_error("repeated", _("The two passwords are not the same."))
        if password:
            self._check(password)
        return cleaned

    def _check(self, password: str) -> None:
        try:
            validate_password(password, self.owner())
        except ValidationError as error:
            self.add_error("password", error)

    def owner(self) -> Customer:
        """Return whose password it is, as far as they are known: it must not resemble them."""
        filled_in = self.cleaned_data
        return Customer(**{name: filled_in[name] for name in PERSONAL if name in filled_in})


class RegistrationForm(NewPasswordForm, PersonForm):
    """Who registers."""

    email = email_field("email")
    field_order = PERSONAL

    def clean_email(self) -> str:
        """Refuse early an address by which somebody logs in who came from elsewhere.

        Of all others the receipt tells, for certain.
        """
        email: str = self.cleaned_data["email"]
        refuse_taken(email, by_other_than=customer_id(email))
        return email

    @property
    def personal(self) -> dict[str, str]:
        """What was filled in, without the passwords."""
        return {name: self.cleaned_data[name] for name in PERSONAL}

    def event(self, event_id: str) -> CustomerRegistered:
        """Return what happened, the password as a salted hash."""
        password = hashed(self.cleaned_data["password"], event_id)
        return CustomerRegistered(**self.personal, password=password)


class InvitationForm(RegistrationForm):
    """What a customer who came from elsewhere makes of their data, and their first password."""

    def __init__(self, customer: Customer, data: Any = None, typed: Any = None) -> None:
        self._customer = customer
        stands = model_to_dict(customer, PERSONAL)
        super().__init__(data, initial=stands | (typed or {}))
        self.fields["email"].disabled = True

    def clean_email(self) -> str:
        """Refuse an address by which somebody else logs in: it would not let this customer in."""
        refuse_taken(self._customer.email, by_other_than=self._customer.pk)
        return self._customer.email


class PasswordForm(NewPasswordForm):
    """Another password for a customer, who knows the one until now.

    A form that was `decided` before does nothing any more, so the old password is not asked for.
    """

    current = _password(_("Current password"), "current-password")
    field_order = ("current", "password", "repeated")

    def __init__(self, customer: Customer, *args: Any, decided: bool = False, **kwargs: Any):
        self._customer = customer
        self._decided = decided
        super().__init__(*args, **kwargs)
        self.fields["password"].label = _("New password")
        self.fields["repeated"].label = _("New password again")

    def owner(self) -> Customer:
        """Return the customer."""
        return self._customer

    def clean_current(self) -> str:
        """Refuse who does not know the password until now."""
        current: str = self.cleaned_data["current"]
        if not self._decided and not matches(current, self._customer.password):
            raise ValidationError(_("This is not your current password."))
        return current


class LogInForm(forms.Form):
    """E-mail and password of a customer, as Django's `LoginView` wants it."""

    email = email_field("username")
    password = _password(_("Password"), "current-password")

    def __init__(self, request: HttpRequest | None = None, *args: Any, **kwargs: Any) -> None:
        self._request = request
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        """Find the customer, or say that there is none without saying which part was wrong."""
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            self._customer = authenticate(self._request, **cleaned)
            if self._customer is None:
                raise ValidationError(_("There is no customer with this e-mail and password."))
        return cleaned

    def get_user(self) -> Any:
        """Return who logs in; only after the form was found valid."""
        return self._customer


def _quantity(**more: Any) -> forms.IntegerField:
    return forms.IntegerField(
        label=_("Quantity"),
        min_value=1,
        max_value=MOST_AT_ONCE,
        widget=forms.NumberInput({"inputmode": "numeric"}),
        **more,
    )


class BuyForm(forms.Form):
    """How many, and the price that the customer saw: the purchase is made at that price only.

    `once` is the form's own: sent twice, it puts the product into the basket once.
    """

    quantity = _quantity(initial=1)
    price = forms.DecimalField(
        min_value=LOWEST_PRICE,
        max_value=HIGHEST_PRICE,
        max_digits=7,
        decimal_places=2,
        widget=forms.HiddenInput,
        error_messages={"required": _("The price is missing.")},
    )
    once = forms.CharField(
        required=False, max_length=36, initial=new_event_id, widget=forms.HiddenInput
    )

    def clean_price(self) -> Decimal:
        """Return the price with two decimals, as events carry it."""
        price: Decimal = self.cleaned_data["price"]
        return price.quantize(LOWEST_PRICE)


class BasketForm(forms.Form):
    """How many of each line of a basket, by event id."""

    def __init__(self, lines: Sequence[Line], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lines = lines
        for line in lines:
            # What was put in by another tab since the page was made stays as it is.
            shown = not self.is_bound or line.event_id in self.data
            self.fields[line.event_id] = _quantity(initial=line.quantity, required=shown)

    @property
    def rows(self) -> list[tuple[Line, forms.BoundField]]:
        """Return each line with its field."""
        return [(line, self[line.event_id]) for line in self._lines]

    @property
    def quantities(self) -> dict[str, int]:
        """Return how many of each product were asked for; only of a valid form."""
        asked = {line.product_id: self.cleaned_data[line.event_id] for line in self._lines}
        return {product_id: quantity for product_id, quantity in asked.items() if quantity}
