"""The operator's product form: it publishes, and what came of that is part of its validation."""

from copy import copy
from typing import TYPE_CHECKING, Any, cast, get_args

from django import forms
from django.conf import settings
from django.core.validators import RegexValidator
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.events import (
    HIGHEST_PRICE,
    LOWEST_PRICE,
    ONE_LINE,
    Description,
    ProductAdded,
    ProductChanged,
)
from catalog.models import Product
from catalog.money import money
from kafka_bridge import submission
from kafka_bridge.envelope import Envelope, wrap
from kafka_bridge.models import Receipt
from kafka_bridge.publisher import NotPublished

if TYPE_CHECKING:
    ProductModelForm = forms.ModelForm[Product]
else:
    ProductModelForm = forms.ModelForm

OFFER = ["name", "type", "price", "description", "unit"]  # what is said of a product


def source_of(operator: str) -> str:
    """Return the CloudEvents source of what an operator does: the log says who did it."""
    return f"{settings.EVENT_SOURCE}/admin/{operator}"


class OneLineField(forms.CharField):
    """A text as product events take it."""

    default_validators = [
        RegexValidator(ONE_LINE, gettext_lazy("Write one line, without control characters."))
    ]


class LinesField(forms.CharField):
    """A description as product events take it."""

    default_validators = [
        RegexValidator(
            get_args(Description)[1].pattern, gettext_lazy("Write no control characters.")
        )
    ]

    def to_python(self, value: Any) -> Any:
        """Return the text with single line feeds, where browsers send two characters."""
        return (super().to_python(value) or "").replace("\r\n", "\n")


class PriceField(forms.DecimalField):
    """A price as product events take it: in the shop's currency, exactly two decimals."""

    def __init__(self, **options: Any) -> None:
        # A text field, since a number field's decimal separator is the browser's, not the page's.
        super().__init__(
            **options,
            min_value=LOWEST_PRICE,
            max_value=HIGHEST_PRICE,
            localize=True,
            widget=forms.TextInput(attrs={"inputmode": "decimal", "size": 10}),
        )

    def to_python(self, value: Any) -> Any:
        """Read a price with a comma or a point, whatever the page's language."""
        return super().to_python(value.replace(",", ".") if isinstance(value, str) else value)

    def clean(self, value: Any) -> Any:
        """Return a `Decimal` with two decimals; raise `ValidationError`."""
        price = super().clean(value)
        return price.quantize(LOWEST_PRICE)


class ProductForm(ProductModelForm):
    """A new product or a change of one.

    When all fields are valid it publishes the event and waits a moment. That Kafka did not take it
    (`not_sent`) or that it was rejected are errors of the form, so what was typed is kept.
    Without errors `receipt` tells that the event was applied, or is None while that is unknown.
    """

    event = forms.CharField(widget=forms.HiddenInput, required=False)
    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    operator: str  # the id of who may send the form; the admin sets it
    sent: Envelope[ProductAdded | ProductChanged]
    receipt: Receipt | None = None
    not_sent = False

    class Meta:
        model = Product
        fields = OFFER
        field_classes = {
            "name": OneLineField,
            "type": OneLineField,
            "price": PriceField,
            "description": LinesField,
            "unit": OneLineField,
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # A copy takes what is typed, since the page goes on to show the product as it stands.
        super().__init__(*args, **kwargs | {"instance": copy(kwargs.get("instance"))})
        self.editing = bool(self.instance.pk)
        seen = str(self.instance.version) if self.editing else ""
        self.initial["event"], self.initial["seen"] = self._token(seen), seen

    def _purpose(self, seen: str) -> str:
        """Bind the token to the operator and to the version that the operator saw."""
        return f"product:{self.instance.pk}:{seen}:{self.operator}"

    def _token(self, seen: str) -> str:
        return submission.new_token(self._purpose(seen))

    def full_clean(self) -> None:
        """Check the fields, and if they are right, submit the event."""
        super().full_clean()
        if self.is_bound and not self.errors:
            self._submit()

    def _submit(self) -> None:
        try:
            self.sent = self._event()
            self.receipt = submission.submit(self.sent)
        except submission.ForgedToken:
            self._refuse(_("This form was made for somebody or something else. Send it again."))
        except NotPublished:
            self.not_sent = True
            self.add_error(None, self._not_sent_text())
        else:
            if self.receipt is not None and not self.receipt.applied:
                self._refuse(self.receipt.explanation)

    def _event(self) -> Envelope[ProductAdded | ProductChanged]:
        data = self.cleaned_data
        seen = data["seen"]
        event_id = submission.event_id_of(data["event"], self._purpose(seen))
        offered = {name: data[name] for name in OFFER}
        source = source_of(self.operator)
        if not self.editing:
            # The same id on every retry, so that all retries meet under one Kafka key.
            added, subject = ProductAdded(**offered), event_id.replace("-", "")
            return wrap(added, subject=subject, source=source, event_id=event_id)
        changed = ProductChanged(**offered, version=int(seen))
        return wrap(changed, subject=self.instance.pk, source=source, event_id=event_id)

    def overtaken(self) -> bool:
        """Whether an earlier submit of this form, with other values, was the one applied.

        It may have reached Kafka although it was reported as not sent.
        """
        product = Product.objects.filter(pk=self.sent.subject).first()
        version = int(self.cleaned_data["seen"] or 0) + 1
        return (
            product is not None
            and product.version == version
            and any(getattr(product, name) != self.cleaned_data[name] for name in OFFER)
        )

    def _refuse(self, why: str) -> None:
        """Show why, and make the next submit a new event about what stands there now."""
        self.add_error(None, why)
        stands = Product.objects.filter(pk=self.instance.pk).first() if self.editing else None
        seen = str(stands.version) if stands else ""
        if stands:
            self._compare(stands)
        data = cast(QueryDict, self.data).copy()
        data["event"], data["seen"] = self._token(seen), seen
        self.data = data

    def _compare(self, stands: Product) -> None:
        """Say at each field where something else stands than what was typed."""
        typed = dict(self.cleaned_data)  # an error takes its field out of them
        for name in OFFER:
            value = getattr(stands, name)
            if value != typed[name]:
                said = money(value) if name == "price" else value or "–"
                self.add_error(name, _("What stands there now: %(value)s") % {"value": said})

    def _not_sent_text(self) -> str:
        return _(
            "Not sent: Kafka did not confirm the event. What you typed is kept; send it again "
            "in a moment. However often you send it, it counts once."
        )
