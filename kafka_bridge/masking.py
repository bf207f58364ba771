"""Who may see personal data in the admin, and what the others see in their place."""

import json
from typing import Any, TypeVar, cast

from django.contrib.auth.models import PermissionsMixin
from django.db.models import Model
from django.http import HttpRequest

from kafka_bridge import registry
from kafka_bridge.batch import Item
from kafka_bridge.lines import MASK
from kafka_bridge.models import Projection

PERMISSION = "kafka_bridge.view_personal_data"
ModelT = TypeVar("ModelT", bound=Model)


def may(request: HttpRequest, permission: str) -> bool:
    """Whether the operator has a permission, such as `kafka_bridge.view_receipt`."""
    return cast(PermissionsMixin, request.user).has_perm(permission)


def may_see(request: HttpRequest) -> bool:
    """Whether the operator may see personal data."""
    return may(request, PERMISSION)


def shown_to(request: HttpRequest, document: ModelT) -> ModelT:
    """Return the document, with its personal fields masked if the operator may not see them.

    It is masked in place: a projection cannot be saved.
    """
    if isinstance(document, Projection) and document.personal and not may_see(request):
        for name in document.personal:
            setattr(document, name, MASK)
    return document


def event_json(item: Item, *, masked: bool) -> str:
    """Return the JSON of an event as it stands in the log, indented.

    Masked, it shows what the event type declares and does not call personal, and nothing else.
    Nobody sees what the type calls secret, such as the hash of a password.
    """
    data: dict[str, Any] = json.loads(item.record.value or b"{}")
    struct = _written_as(item)
    plain = set(struct.__struct_fields__) - struct.personal if masked else set(data)
    shown = {name: v if name in plain - struct.secret else MASK for name, v in data.items()}
    return json.dumps(shown, ensure_ascii=False, indent=2)


def _written_as(item: Item) -> type[registry.Event]:
    """Return the type under which the event was written: it may be older than the one read."""
    name = (dict(item.record.headers).get("ce_type") or b"").decode()
    return registry.event_types[name].struct
