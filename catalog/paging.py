"""Pages of a long list that cost the same however deep they lie: keyset paging.

A page starts where the last one ended, by a range on an index; counting rows off would read them
all. The queries are written out, since the ORM puts an `$addFields` before the `$sort`, and then
no index gives the order.
"""

from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

from django.core import signing
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import Field, Model
from django_mongodb_backend.queryset import MongoQuerySet

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

    value: str | datetime
    key: str


class Keyset(Generic[ModelT]):
    """The documents of a model that match `wanted`, in an order that an index gives."""

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
        name, beyond = self._order.field, "$gt" if direction > 0 else "$lt"
        rows = self._find({name: place.value, "_id": {beyond: place.key}}, direction, ROWS + 1)
        if rest := ROWS + 1 - len(rows):
            rows += self._find({name: {beyond: place.value}}, direction, rest)
        return rows

    def _find(self, place: dict[str, Any], direction: int, limit: int) -> list[ModelT]:
        pipeline = [
            {"$match": self._wanted | place},
            {"$sort": {self._order.field: direction, "_id": direction}},
            {"$limit": limit},
        ]
        return list(MongoQuerySet(self._model).raw_aggregate(pipeline))

    def _cursor(self, row: ModelT) -> str:
        return signing.dumps([self._field.value_to_string(row), row.pk], salt=self._salt)

    def _place(self, cursor: str) -> Place | None:
        try:
            text, key = signing.loads(cursor, salt=self._salt)
            value = self._field.to_python(text)
        except (signing.BadSignature, ValidationError):
            return None
        return Place(self._field.get_db_prep_value(value, connection), key)
