"""Operators: the people who may use the admin. They are made by `createsuperuser`.

They are no part of the log: no event can make one, and a rebuild keeps them.
"""

from uuid import uuid4

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _


def new_operator_id() -> str:
    """Return a new operator's id: 32 hexadecimal digits."""
    return uuid4().hex


class Operator(AbstractUser):
    """A user of the admin. Its key is a string, as a customer's is: a session may hold either."""

    id = models.CharField(
        db_column="_id", primary_key=True, max_length=32, default=new_operator_id, editable=False
    )
    # Without it a log-in writes nothing, for operators and customers alike.
    last_login = None

    class Meta:
        verbose_name = _("operator")
        verbose_name_plural = _("operators")
