"""Pages of a long list that cost the same however deep they lie: keyset paging.

A page starts where the last one ended, by a range on an index; counting rows off would read them
all.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, NamedTuple, TypeVar

from django.core import signing
from django.core.exceptions import ValidationError
from django.db.models import Field, Model

ROWS = 24  # a page is full at two, three and four columns

ModelT = TypeVar("ModelT", bound=Model)


class Order(NamedTuple):
    """By which field a list is sorted, up (1) or down (-1); equals by their key."""

    field: str
    direction: int


class Page(NamedTuple, Generic[ModelT]):
    """One page, and where the pages beside it begin: cursors for addresses, or empty."""

    rows: list[ModelT]
    previous: str
    next: str


class Place(NamedTuple):
    """Between two rows: beside the one that has this value and key."""

    value: str | datetime | Decimal
    key: str


class Keyset(Generic[ModelT]):
    """The documents of a model by lookups such as `withdrawn=False`, as an index orders them."""

    def __init__(self, model: type[ModelT], wanted: dict[str, Any], order: Order) -> None:
        self._model = model
        self._wanted = wanted
        self._order = order
        self._field: Field[Any, Any] = model._meta.get_field(order.field)  # type: ignore[assignment]
        self._salt = f"{__name__}:{model._meta.label}:{order}"

    def page(self, after: str, before: str) -> Page[ModelT]:
        """Return the page behind or before a cursor.

        A cursor that was not made here for this order, or behind which nothing stands, gives the
        first page.
        """
        direction = self._order.direction
        if place := self._place(before):
            rows = self._rows(place, -direction)
            if len(rows) > ROWS:
                rows = rows[ROWS - 1 :: -1]
                return Page(rows, self._cursor(rows[0]), self._cursor(rows[-1]))
        if (place := self._place(after)) and (rows := self._rows(place, direction)):
            return self._forward(rows, self._cursor(rows[0]))
        return self._forward(self._find({}, direction, ROWS + 1), "")

    def _forward(self, rows: list[ModelT], previous: str) -> Page[ModelT]:
        further = self._cursor(rows[ROWS - 1]) if len(rows) > ROWS else ""
        return Page(rows[:ROWS], previous, further)

    def _rows(self, place: Place, direction: int) -> list[ModelT]:
        """Return up to one row more than a page beside a place: equals first, then what follows."""
        name, beyond = self._order.field, "gt" if direction > 0 else "lt"
        equal = {name: place.value, f"pk__{beyond}": place.key}
        rows = self._find(equal, direction, ROWS + 1)
        if rest := ROWS + 1 - len(rows):
            rows += self._find({f"{name}__{beyond}": place.value}, direction, rest)
        return rows

    def _find(self, place: dict[str, Any], direction: int, limit: int) -> list[ModelT]:
        sign = "" if direction > 0 else "-"
        found = self._model._default_manager.filter(**self._wanted, **place)
        return list(found.order_by(f"{sign}{self._order.field}", f"{sign}pk")[:limit])

    def _cursor(self, row: ModelT) -> str:
        return signing.dumps([self._field.value_to_string(row), row.pk], salt=self._salt)

    def _place(self, cursor: str) -> Place | None:
        try:
            text, key = signing.loads(cursor, salt=self._salt)
            return Place(self._field.to_python(text), key)
        except (signing.BadSignature, ValidationError):
            return None
