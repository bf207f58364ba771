"""How operators log in, and what they may do."""

from collections.abc import Callable
from typing import Any, cast

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet


class OperatorBackend(ModelBackend):
    """Django's log-in and permissions, without reading fields of joined documents.

    Django asks for the permissions' names together with their apps' names, in one query; the
    local MongoDB server answers it with 1 for each app.
    """

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """Return what was given to the operator and to their groups, by one question."""
        if obj is not None:
            return set()
        if not hasattr(user_obj, "_perm_cache"):
            user_obj._perm_cache = _names(
                user_obj, obj, lambda: _own(user_obj).union(_groups(user_obj))
            )
        return cast(set[str], user_obj._perm_cache)

    def get_user_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """Return what was given to the operator, such as `catalog.add_product`."""
        return _names(user_obj, obj, lambda: _own(user_obj))

    def get_group_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """Return what was given to the operator's groups."""
        return _names(user_obj, obj, lambda: _groups(user_obj))


def _own(user: Any) -> QuerySet[Permission]:
    return cast(QuerySet[Permission], user.user_permissions.all())


def _groups(user: Any) -> QuerySet[Permission]:
    return Permission.objects.filter(group__in=user.groups.all())


def _names(user: Any, obj: Any, given: Callable[[], QuerySet[Permission]]) -> set[str]:
    if not user.is_active or user.is_anonymous or obj is not None:
        return set()
    permissions = Permission.objects.all() if user.is_superuser else given()
    return {f"{_app_of(permission)}.{permission.codename}" for permission in permissions.order_by()}


def _app_of(permission: Permission) -> str:
    return str(ContentType.objects.get_for_id(permission.content_type_id).app_label)
