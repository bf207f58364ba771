"""What operators may do: in person, by a group, and not otherwise."""

import pytest
from django.contrib.auth.models import Group, Permission

from benchmarks.asking import asked
from shopsite.models import Operator

VIEW = "kafka_bridge.view_receipt"


@pytest.fixture
def permission(db: None) -> Permission:
    return Permission.objects.get(codename="view_receipt")


def test_a_permission_in_person(permission: Permission) -> None:
    operator = Operator.objects.create_user("op")
    assert not operator.has_perm(VIEW)
    operator.user_permissions.add(permission)
    assert Operator.objects.get().get_all_permissions() == {VIEW}
    assert Operator.objects.get().has_perm(VIEW)


def test_a_permission_by_a_group(permission: Permission) -> None:
    group = Group.objects.create(name="support")
    group.permissions.add(permission)
    operator = Operator.objects.create_user("op")
    operator.groups.add(group)
    assert Operator.objects.get().has_perm(VIEW)
    assert not Operator.objects.create_user("other").has_perm(VIEW)


def test_who_is_not_active_may_nothing(permission: Permission) -> None:
    operator = Operator.objects.create_user("op", is_active=False)
    operator.user_permissions.add(permission)
    assert not Operator.objects.get().has_perm(VIEW)


def test_all_of_them_are_asked_for_at_once(permission: Permission) -> None:
    operator = Operator.objects.create_user("op")
    operator.user_permissions.add(permission)
    for name, codename in (("one", "view_product"), ("two", "view_customer")):
        group = Group.objects.create(name=name)
        group.permissions.add(Permission.objects.get(codename=codename), permission)
        operator.groups.add(group)
    assert Operator.objects.get().has_perm(VIEW)  # from here on content types are known
    known = Operator.objects.get()
    with asked() as questions:
        assert known.has_perm(VIEW)
        assert known.get_all_permissions() == {
            VIEW,
            "catalog.view_product",
            "customers.view_customer",
        }
    assert len(questions) == 1
