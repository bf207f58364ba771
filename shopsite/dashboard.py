"""The operator's dashboard: what was sold, to whom, and at which prices.

Everything is counted from the newest purchases of the last 30 days and the customers who
registered last, through the indexes on those moments, and at most `MOST` of each.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog.models import Product
from customers.models import Customer, Purchase
from kafka_bridge.masking import may
from kafka_bridge.mongo import database
from shopsite import charts

DAYS = 30
MOST = 20_000  # documents that a figure is counted from
LINES = 10  # of a list

Step = dict[str, Any]


class Day(NamedTuple):
    """What was sold on one day in the shop's time zone."""

    day: date
    purchases: int
    value: Decimal


class Line(NamedTuple):
    """One line of a list: `id` is a product's id, or a city's name."""

    id: str
    name: str
    number: int
    value: Decimal


class Paid(NamedTuple):
    """A price and the moment of the first purchase at it."""

    at: datetime
    price: Decimal


def page(request: HttpRequest) -> HttpResponse:
    """Show the dashboard to those who may see purchases and customers."""
    if not (may(request, "customers.view_purchase") and may(request, "customers.view_customer")):
        raise PermissionDenied
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    since = today - timedelta(days=DAYS - 1)
    days, best = sales_by_day(since), best_sellers(since)
    chosen = request.GET.get("product") or (best[0].id if best else "")
    context = {
        **admin.site.each_context(request),
        "title": _("Dashboard"),
        "most": MOST,
        "days": days,
        "today": days[-1],
        "highest_day": max(day.value for day in days),
        "bars": charts.bars([float(day.value) for day in days]),
        "cut": _cut(since),
        "best": best,
        "cities": customers_by_city(),
        "cities_cut": Customer.objects.order_by("-registered_at")[: MOST + 1].count() > MOST,
        "registered": Customer.objects.filter(registered_at__gte=today)[:MOST].count(),
        "chosen": next((one for one in best if one.id == chosen), _unsold(chosen)),
        **_prices(chosen, since),
    }
    return TemplateResponse(request, "admin/dashboard.html", context)


def _prices(product: str, since: datetime) -> dict[str, Any]:
    paid = prices_paid(product, since)
    if not paid:
        return {}
    points = [(one.at.timestamp(), float(one.price)) for one in paid]
    prices = [one.price for one in paid]
    return {
        "paid": paid[-LINES:],
        "line": charts.steps(points, timezone.now().timestamp()),
        "first": paid[0].at,
        "now": timezone.now(),
        "lowest": min(prices),
        "highest": max(prices),
    }


def _unsold(product: str) -> Line:
    known = Product.objects.filter(pk=product).first()
    return Line(product, known.name if known else product, 0, Decimal())


def sales_by_day(since: datetime) -> list[Day]:
    """Return each day until today, those without sales too, the oldest first."""
    zone = timezone.get_current_timezone_name()
    day = {"$dateToString": {"format": "%Y-%m-%d", "date": "$bought_at", "timezone": zone}}
    group = {"_id": day, "number": {"$sum": 1}, "value": {"$sum": "$value"}}
    found = {one["_id"]: one for one in _purchases([*_newest(since), {"$group": group}])}
    first = timezone.localdate(since)
    every = (first + timedelta(days=number) for number in range(DAYS))
    return [_day(one, found.get(one.isoformat())) for one in every]


def _day(day: date, found: Step | None) -> Day:
    return (
        Day(day, found["number"], found["value"].to_decimal()) if found else Day(day, 0, Decimal())
    )


def best_sellers(since: datetime) -> list[Line]:
    """Return the products that were sold most, by pieces, under their newest name."""
    steps: list[Step] = [
        {
            "$group": {
                "_id": "$product_id",
                "name": {"$first": "$name"},
                "number": {"$sum": "$quantity"},
                "value": {"$sum": "$value"},
            }
        },
        {"$sort": {"number": -1, "_id": 1}},
        {"$limit": LINES},
    ]
    found = _purchases([*_newest(since), *steps])
    return [Line(o["_id"], o["name"], o["number"], o["value"].to_decimal()) for o in found]


def prices_paid(product: str, since: datetime) -> list[Paid]:
    """Return each price that followed another, at the moment of the first purchase at it."""
    steps: list[Step] = [
        {"$match": {"product_id": product}},
        {"$project": {"bought_at": 1, "price": 1}},
        {"$sort": {"bought_at": 1}},
    ]
    return list(_changes(_purchases([*_newest(since), *steps])))


def _changes(purchases: Iterator[Step]) -> Iterator[Paid]:
    before = None
    for one in purchases:
        price = one["price"].to_decimal()
        if price != before:
            yield Paid(one["bought_at"], price)
        before = price


def customers_by_city() -> list[Line]:
    """Return the cities with most of the customers who registered last."""
    steps: list[Step] = [
        {"$sort": {"registered_at": -1}},
        {"$limit": MOST},
        {"$group": {"_id": "$city", "number": {"$sum": 1}}},
        {"$sort": {"number": -1, "_id": 1}},
        {"$limit": LINES},
    ]
    found = database()[Customer._meta.db_table].aggregate(steps)
    return [Line(one["_id"], one["_id"], one["number"], Decimal()) for one in found]


def _newest(since: datetime) -> list[Step]:
    return [
        {"$match": {"bought_at": {"$gte": since}}},
        {"$sort": {"bought_at": -1}},
        {"$limit": MOST},
    ]


def _purchases(steps: Sequence[Step]) -> Iterator[Step]:
    return iter(database()[Purchase._meta.db_table].aggregate(steps))


def _cut(since: datetime) -> datetime | None:
    """Return the moment of the oldest purchase that is counted, if there are others before it."""
    newest = Purchase.objects.filter(bought_at__gte=since).order_by("-bought_at")
    last = list(newest.values_list("bought_at", flat=True)[MOST - 1 : MOST + 1])
    return last[0] if len(last) == 2 else None
