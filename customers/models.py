"""Customers and their purchases as they can be read."""

from datetime import datetime
from typing import TypedDict

from bson import Decimal128
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django_mongodb_backend.fields import ArrayField

from catalog.events import IMPORTED
from catalog.naming import LONGEST_PREFIX
from customers.events import PERSONAL
from kafka_bridge.models import Projection


class CustomerDocument(TypedDict):
    """A customer as MongoDB holds it: what handlers read and return."""

    _id: str
    first_name: str
    last_name: str
    street: str
    postcode: str
    city: str
    email: str
    password: str
    search: list[str]
    version: int
    registered_at: datetime
    changed_at: datetime


class PurchaseDocument(TypedDict):
    """A purchase as MongoDB holds it."""

    _id: str
    customer_id: str
    product_id: str
    order_id: str
    name: str
    type: str
    price: Decimal128
    quantity: int
    value: Decimal128
    bought_at: datetime


class Customer(Projection, AbstractBaseUser):
    """Somebody who registered; `search` finds them by name, postcode and city.

    Not an operator: no customer can enter the admin.
    """

    personal = PERSONAL | {"search"}
    id = models.CharField(db_column="_id", primary_key=True, max_length=128)
    first_name = models.CharField(_("first name"), max_length=100)
    last_name = models.CharField(_("last name"), max_length=100)
    # An address from elsewhere stands here whole.
    street = models.CharField(_("street"), max_length=600)
    postcode = models.CharField(_("postcode"), max_length=20)
    city = models.CharField(_("city"), max_length=100)
    email = models.EmailField(_("e-mail"), db_index=True)
    search = ArrayField(models.CharField(max_length=LONGEST_PREFIX), default=list)
    version = models.IntegerField(_("version"))
    registered_at = models.DateTimeField(_("registered"))
    changed_at = models.DateTimeField(_("changed"))
    last_login = None

    USERNAME_FIELD = "email"
    is_active = True
    is_staff = False

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        permissions = [("give_email", "Can give an imported customer an e-mail address")]
        indexes = [
            models.Index(fields=["-registered_at", "-id"], name="customer_newest"),
            models.Index(fields=["search", "-registered_at", "-id"], name="customer_search"),
        ]

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def imported(self) -> bool:
        """Whether the customer came from another system."""
        return self.pk.startswith(IMPORTED)

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Say no: a customer may do nothing in the admin."""
        return False

    def has_module_perms(self, app_label: str) -> bool:
        """Say no: a customer sees nothing of the admin."""
        return False


class Purchase(Projection):
    """A product that a customer bought, with its name, type and price at that moment.

    Its key is the id of the event. `value` is price times quantity. `order_id` is common to what
    was bought in one basket, and empty otherwise.
    """

    id = models.CharField(db_column="_id", primary_key=True, max_length=128)
    customer = models.ForeignKey(
        Customer, models.DO_NOTHING, verbose_name=_("customer"), db_index=False
    )
    product_id = models.CharField(_("product id"), max_length=128)
    order_id = models.CharField(_("order id"), max_length=128, default="")
    name = models.CharField(_("name"), max_length=200)
    type = models.CharField(_("type"), max_length=50)
    price = models.DecimalField(_("unit price"), max_digits=7, decimal_places=2)
    quantity = models.IntegerField(_("quantity"))
    value = models.DecimalField(_("value"), max_digits=10, decimal_places=2)
    bought_at = models.DateTimeField(_("bought"))

    class Meta:
        verbose_name = _("purchase")
        verbose_name_plural = _("purchases")
        indexes = [
            models.Index(fields=["customer", "-bought_at", "-id"], name="purchase_of_customer"),
            models.Index(fields=["-bought_at", "-id"], name="purchase_newest"),
            models.Index(fields=["product_id", "-bought_at", "-id"], name="purchase_of_product"),
        ]

    def __str__(self) -> str:
        return f"{self.name} × {self.quantity}"

    def get_absolute_url(self) -> str:
        """Return where the customer sees it."""
        return reverse("customers:purchases") + f"#{self.pk}"
