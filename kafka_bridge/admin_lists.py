"""Lists of the admin that cost the same however much they lead to.

What they show comes in the order of an index. They count no more than they lead to, and offer
every day until today without looking whether there is something of it.
"""

from calendar import monthrange
from collections.abc import Iterator
from datetime import date
from itertools import takewhile
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from django.contrib.admin.views.main import ChangeList
from django.core.cache import cache
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.timezone import localdate
from django.utils.translation import gettext as _

from kafka_bridge.mongo import database

if TYPE_CHECKING:
    AnyPaginator = Paginator[Any]
else:
    AnyPaginator = Paginator

DEEPEST = 1000  # documents that a list leads to; further ones are found by search, filter or date
PARTS = ("year", "month", "day")
KNOWN_FOR = 60  # seconds; the first day of a collection stays what it is


class Pages(AnyPaginator):
    """The first pages of a list; `cut` says that there are more documents than they lead to."""

    @cached_property
    def count(self) -> int:
        """Return how many there are, as far as that is told.

        Of a whole collection MongoDB knows it by heart; of a part it counts those it leads to.
        """
        found = cast(QuerySet[Any], self.object_list)
        if found.query.where:
            return len(found.values_list("pk")[:DEEPEST])  # in order, since an index gives it
        return database()[found.model._meta.db_table].estimated_document_count()

    @cached_property
    def num_pages(self) -> int:
        """Return the number of pages, but none beyond the deepest."""
        pages: int = super().num_pages
        return min(pages, -(-DEEPEST // self.per_page))

    @property
    def cut(self) -> bool:
        """Whether the list goes on behind its last page, or may do so."""
        return self.count >= DEEPEST


def by_id(documents: QuerySet[Any], text: str, others: QuerySet[Any]) -> QuerySet[Any]:
    """Return the one document with this id, or the others if there is none.

    One after the other, since together they would come in no index's order.
    """
    one = documents.filter(pk=text)
    return one if one.exists() else others


class Choice(NamedTuple):
    """A year, month or day that a list can be narrowed to; `link` is empty for the chosen day."""

    title: str
    link: str


class Dates(NamedTuple):
    """What a list can be narrowed to by date, and the way back."""

    back: Choice | None
    choices: list[Choice]


class List(ChangeList):
    """A list in the order of an index, with dates to narrow it by."""

    def get_ordering_field(self, field_name: Any) -> Any:
        """Return what a column is sorted by; nothing unless the list offers to."""
        offered = field_name in (self.sortable_by or ())
        return super().get_ordering_field(field_name) if offered else None

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        """Return the order; equals by their key in the same direction, as indexes hold them."""
        *ordering, last = super().get_ordering(request, queryset.order_by())
        upwards = bool(ordering) and not str(ordering[-1]).startswith("-")
        return [*ordering, "pk" if last == "-pk" and upwards else last]

    @cached_property
    def dates(self) -> Dates | None:
        """What the list can be narrowed to by date, until today; None of an empty collection.

        Nor while somebody searches: that is narrow by itself, and asks enough of MongoDB.
        """
        if not self.date_hierarchy:
            return None
        if asked := self._asked():
            return Dates(self._choice(asked[:-1]), self._choices(asked, date.min))
        first = None if self.query else self._first()
        return Dates(None, self._choices(_shared(first, localdate()), first)) if first else None

    def _asked(self) -> tuple[int, ...]:
        """Return the chosen year, or year and month, or day."""
        values = [self.params.get(f"{self.date_hierarchy}__{part}") for part in PARTS]
        return tuple(int(value) for value in takewhile(bool, values) if value)

    def _first(self) -> date | None:
        """Return the day of the first document of the whole collection, as of a minute ago."""
        key, field = f"first-day-of-{self.model._meta.label}", str(self.date_hierarchy)
        known: date | None = cache.get(key)
        if known is None and (found := self.root_queryset.order_by(field).first()):
            known = localdate(getattr(found, field))
            cache.set(key, known, KNOWN_FOR)
        return known

    def _choices(self, chosen: tuple[int, ...], first: date) -> list[Choice]:
        """Return the years, months or days of what is chosen, from the first to today."""
        if len(chosen) == len(PARTS):
            return [Choice(_title(chosen), "")]
        return [self._choice(one) for one in _parts_of(chosen, first, localdate())]

    def _choice(self, chosen: tuple[int, ...]) -> Choice:
        field = self.date_hierarchy
        dates = dict(zip([f"{field}__{part}" for part in PARTS], chosen, strict=False))
        return Choice(_title(chosen), self.get_query_string(dates, [f"{field}__"]))


def _shared(first: date, last: date) -> tuple[int, ...]:
    """Return the year, or year and month, that both have; nothing if even the years differ."""
    if first.year != last.year:
        return ()
    return (first.year,) if first.month != last.month else (first.year, first.month)


def _parts_of(chosen: tuple[int, ...], first: date, last: date) -> Iterator[tuple[int, ...]]:
    if len(chosen) == 2:
        numbers = range(1, monthrange(*chosen)[1] + 1)
    else:
        numbers = range(1, 13) if chosen else range(first.year, last.year + 1)
    low, high = ((end.year, end.month, end.day)[: len(chosen) + 1] for end in (first, last))
    return (one for number in numbers if low <= (one := (*chosen, number)) <= high)


def _title(chosen: tuple[int, ...]) -> str:
    if len(chosen) < 2:
        return str(chosen[0]) if chosen else _("All dates")
    style = "YEAR_MONTH_FORMAT" if len(chosen) == 2 else "MONTH_DAY_FORMAT"
    return capfirst(date_format(date(*(*chosen, 1)[:3]), style))
