"""Operators in the admin, and the admin's own title."""

from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, Permission
from django.db.models import ManyToManyField
from django.forms import ModelMultipleChoiceField
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from kafka_bridge.admin_base import SearchedAdmin
from shopsite.models import Operator

if TYPE_CHECKING:
    OperatorBase = UserAdmin[Operator]
else:
    OperatorBase = UserAdmin

admin.site.site_header = _("Event shop")
admin.site.site_title = _("Event shop")
admin.site.index_template = "admin/entrance.html"
admin.site.unregister(Group)


class PermissionsInOrder(SearchedAdmin):
    """Offers permissions in an order of their own fields.

    Django orders them by fields of their content types, and the local MongoDB server, when it
    sorts by joined fields, loses the key of what it joined.
    """

    def formfield_for_manytomany(
        self,
        db_field: "ManyToManyField[Any, Any]",
        request: HttpRequest | None = None,
        **kwargs: Any,
    ) -> "ModelMultipleChoiceField[Any] | None":
        """Return the field, with permissions grouped by what they are about."""
        if db_field.related_model is Permission:
            kwargs["queryset"] = Permission.objects.order_by("content_type_id", "codename")
        return super().formfield_for_manytomany(db_field, cast(HttpRequest, request), **kwargs)


@admin.register(Group)
class OperatorGroupAdmin(PermissionsInOrder, GroupAdmin):
    """Django's own admin of groups."""


@admin.register(Operator)
class OperatorAdmin(PermissionsInOrder, OperatorBase):
    """Operators are no part of the log, so this is Django's own admin of users."""

    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        (_("Personal info"), {"fields": ["first_name", "last_name", "email"]}),
        (
            _("Permissions"),
            {"fields": ["is_active", "is_staff", "is_superuser", "groups", "user_permissions"]},
        ),
        (_("Important dates"), {"fields": ["date_joined"]}),
    ]
    readonly_fields = ["date_joined"]
