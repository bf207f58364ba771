"""What a customer can ask of the list of products."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from catalog.listing import SORTS, types_on_sale
from catalog.naming import sort_key


class ListingForm(forms.Form):
    """Search, type and order of the list. Sent by GET: every list has an address."""

    q = forms.CharField(
        label=_("Search by name"),
        required=False,
        max_length=100,
        widget=forms.TextInput({"type": "search", "placeholder": _("e.g. milk")}),
    )
    type = forms.CharField(label=_("Type"), required=False, max_length=50)
    sort = forms.ChoiceField(
        label=_("Sort by"),
        required=False,
        choices=[(key, sort.name) for key, sort in SORTS.items()],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        types = {*types_on_sale(), self.data.get("type", "")} - {""}
        choices = [(name, name) for name in sorted(types, key=sort_key)]
        self.fields["type"].widget = forms.Select(choices=[("", _("all types")), *choices])
