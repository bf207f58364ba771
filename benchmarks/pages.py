"""What pages cost on a large shop, beside the same pages on a small one."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import NamedTuple

from django.conf import settings
from django.test import Client
from django.utils import timezone
from django.utils.http import urlencode

from benchmarks import past, stage, workload
from benchmarks.asking import asked, plan
from benchmarks.measuring import percentile, ratios, shown, spread, timed
from benchmarks.report import Row, Table
from benchmarks.sizes import Size
from catalog.listing import on_sale
from customers.models import Customer, Purchase
from kafka_bridge.mongo import database
from shopsite.models import Operator

ROUNDS, LOOKS = 3, 7
READS_ALL = 2.0  # times as long for any one of many as for one of few
LOOKED_FOR = 0.3  # seconds for the looks of one round, of which there is one at least
PURCHASES, RECEIPTS = "/admin/customers/purchase/", "/admin/kafka_bridge/receipt/"


class Amounts(NamedTuple):
    """How many of each a shop has; its customers bought in turn."""

    products: int
    purchases: int
    buyers: int


CUSTOMERS = 1000
SMALL = Amounts(600, 1_000, 10)  # few, but enough that each of the pages is full


class Shop(NamedTuple):
    """A shop with its pages, each in the browser of who may see it."""

    place: stage.Place
    has: Amounts
    pages: dict[str, tuple[Client, str]]


class Cost(NamedTuple):
    """What a page costs: milliseconds in each round, and its questions, the dearest of which looks
    at so many documents or index keys.
    """

    times: list[float]
    questions: int
    examined: int


def run(size: Size) -> Table:
    """Compare pages of shops of both sizes, round by round."""
    large = Amounts(size.of(2_000, 100_000, 100_000), size.of(5_000, 1_000_000, 1_000_000), 1_000)
    with _shop(SMALL, size.of(20, 60, 600)) as few, _shop(large, size.of(10, 30, 3_600)) as many:
        costs = {name: _costs(name, many, few) for name in many.pages}
        alone = _first(many), _first(few)
    stops = alone[0] < READS_ALL * alone[1]
    rows = [_row(name, 1.5 if stops else None, *both) for name, both in costs.items()]
    told = "Questions of each page to MongoDB, and the documents or keys that the dearest of them"
    told += " looks at by the server's own plan, in the large and in the small shop: "
    told += "; ".join(_asked(name, *both) for name, both in costs.items())
    name = f"pages with {many.has.products:,} products and {many.has.purchases:,} purchases"
    return Table(name, "ms", rows, (f"{told}.", *(() if stops else (_excuse(*alone),))))


def _first(shop: Shop) -> float:
    """Return the milliseconds in which the server gives any one of all purchases."""
    with stage.at(shop.place):
        purchases = database()[Purchase._meta.db_table]
        times = [timed(lambda: list(purchases.find().limit(1))) for _ in range(LOOKS)]
    return percentile(times, 0.5)


def _excuse(many: float, few: float) -> str:
    return (
        "This server reads all that it finds before it cuts it to a page, as MongoDB does not: to "
        f"give any one purchase takes it {shown(many)} ms in the large shop and {shown(few)} in "
        "the small one. So the times have no goal here."
    )


def _row(name: str, goal: float | None, many: Cost, few: Cost) -> Row:
    told = spread(many.times), spread(few.times)
    base = f"{SMALL.products} and {SMALL.purchases:,}"
    return Row(name, base, ratios(many.times, few.times), goal, told, at_most=True)


def _asked(name: str, many: Cost, few: Cost) -> str:
    return f"{name}: {many.questions}, {many.examined:,} and {few.examined:,}"


def _costs(name: str, *shops: Shop) -> list[Cost]:
    """Return what a page costs in each of the shops, which are asked in turn."""
    asked = [_questions(name, shop) for shop in shops]
    rounds = [[_time(name, shop) for shop in shops] for _ in range(ROUNDS)]
    times = [list(one) for one in zip(*rounds, strict=True)]
    return [Cost(one, *question) for one, question in zip(times, asked, strict=True)]


def _questions(name: str, shop: Shop) -> tuple[int, int]:
    with stage.at(shop.place):
        with asked() as commands:
            _timed(*shop.pages[name])
        plans = [found for command in commands if (found := plan(command))]
    return len(commands), max(found.examined for found in plans)


def _time(name: str, shop: Shop) -> float:
    with stage.at(shop.place):
        until, times = time.monotonic() + LOOKED_FOR, [_timed(*shop.pages[name])]
        while len(times) < LOOKS and time.monotonic() < until:
            times.append(_timed(*shop.pages[name]))
    return percentile(times, 0.5)


def _timed(browser: Client, path: str) -> float:
    def look() -> None:
        answer = browser.get(path)
        if answer.status_code != HTTPStatus.OK:
            raise RuntimeError(f"{path} was answered with {answer.status_code}")

    return timed(look)


@contextmanager
def _shop(wanted: Amounts, seconds: float) -> Iterator[Shop]:
    """A shop that is filled for so many seconds at most, with its pages."""
    with stage.empty_shop("", for_people=True) as place:
        has = _filled(wanted, seconds)
        anna = _browser(Customer.objects.get(pk=workload.buyer(1)))
        ewa = _browser(Operator.objects.create_superuser("bench"))
        pages = {name: (anna, path) for name, path in _for_customers().items()}
        pages |= {name: (ewa, path) for name, path in _for_operators().items()}
        yield Shop(place, has, pages)


def _filled(wanted: Amounts, seconds: float) -> Amounts:
    start = time.monotonic()
    stage.stock(past.customers(CUSTOMERS))
    stage.stock(past.dead_letters(SMALL.purchases))
    products = stage.stock(workload.products(wanted.products), start + seconds / 3)
    made = past.purchases(wanted.purchases, wanted.buyers)
    purchases = stage.stock(made, start + seconds * 2 / 3)
    stage.stock(past.receipts(purchases))
    return wanted._replace(products=products, purchases=purchases)


def _browser(user: Customer | Operator) -> Client:
    client = Client(HTTP_HOST=settings.ALLOWED_HOSTS[0])
    theirs = isinstance(user, Customer)
    backend = "customers.auth.CustomerBackend" if theirs else "shopsite.auth.OperatorBackend"
    client.force_login(user, backend)
    return client


def _for_customers() -> dict[str, str]:
    behind = urlencode({"after": on_sale({}).page("", "").next})
    return {
        "list": "/products/",
        "list, next page": f"/products/?{behind}",
        "search": "/products/?q=mleko",
        "filter": "/products/?type=nabia%C5%82",
        "by price": "/products/?sort=price",
        "my purchases": "/purchases/",
    }


def _for_operators() -> dict[str, str]:
    today = timezone.localdate()
    parts = {"year": today.year, "month": today.month, "day": today.day}
    day = urlencode({f"bought_at__{part}": number for part, number in parts.items()})
    return {
        "admin: products": "/admin/catalog/product/",
        "admin: products, search": "/admin/catalog/product/?q=mleko",
        "admin: purchases": PURCHASES,
        "admin: purchases, next page": f"{PURCHASES}?p=2",
        "admin: purchases of a customer": f"{PURCHASES}?customer_id={workload.buyer(1)}",
        "admin: purchases of a product": f"{PURCHASES}?q={workload.product_id(1)}",
        "admin: purchases of a day": f"{PURCHASES}?{day}",
        "admin: receipts": RECEIPTS,
        "admin: receipts, rejected": f"{RECEIPTS}?status__exact=rejected",
        "admin: customers, search": "/admin/customers/customer/?q=nowak",
        "admin: dead letters": "/admin/kafka_bridge/deadletter/",
    }
