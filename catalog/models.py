"""Products as they can be read."""

from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import TypedDict

from bson import Decimal128
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django_mongodb_backend.fields import ArrayField

from kafka_bridge.models import Projection


def stored(amount: Decimal) -> Decimal128:
    """Return an amount as MongoDB keeps it.

    Prices come again and again, and converting one costs a third of all that a purchase costs.
    """
    # Not kept by the amount itself: 4.9 and 4.90 are equal, and as `Decimal128` they are not.
    return _converted(str(amount))


@lru_cache(maxsize=10_000)
def _converted(amount: str) -> Decimal128:
    return Decimal128(amount)


class ProductDocument(TypedDict):
    """A product as MongoDB holds it: what handlers read and return."""

    _id: str
    name: str
    name_key: str
    search: list[str]
    type: str
    price: Decimal128
    description: str
    unit: str
    version: int
    withdrawn: bool
    added_at: datetime
    changed_at: datetime


class Product(Projection):
    """A product; `version` counts its changes, `name_key` sorts it, `search` finds it.

    `price` is for one `unit`, such as a kilogram; `unit` and `description` may be empty.
    """

    id = models.CharField(db_column="_id", primary_key=True, max_length=128)
    name = models.CharField(_("name"), max_length=200)
    name_key = models.CharField(max_length=400, editable=False)
    search = ArrayField(models.CharField(max_length=12), editable=False)
    type = models.CharField(_("type"), max_length=50)
    price = models.DecimalField(_("price"), max_digits=7, decimal_places=2)
    description = models.TextField(_("description"), max_length=2000, default="", blank=True)
    unit = models.CharField(_("unit"), max_length=20, default="", blank=True)
    version = models.IntegerField(_("version"), editable=False)
    withdrawn = models.BooleanField(_("withdrawn"), editable=False)
    added_at = models.DateTimeField(_("added"), editable=False)
    changed_at = models.DateTimeField(_("changed"), editable=False)

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        indexes = [
            models.Index(fields=["withdrawn", "name_key", "id"], name="product_by_name"),
            models.Index(fields=["withdrawn", "price", "id"], name="product_by_price"),
            models.Index(fields=["type", "withdrawn", "name_key", "id"], name="product_type_name"),
            models.Index(fields=["withdrawn", "type", "price", "id"], name="product_type_price"),
            models.Index(fields=["search", "withdrawn", "name_key", "id"], name="product_search"),
            # The operator's orders.
            models.Index(fields=["price", "id"], name="product_price"),
            models.Index(fields=["-added_at", "-id"], name="product_newest"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Return the address of the product's page."""
        return reverse("catalog:product", args=[self.pk])
