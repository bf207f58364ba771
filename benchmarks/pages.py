"""What pages cost on a large shop, beside the same pages on a small one."""

import time
from http import HTTPStatus

from django.conf import settings
from django.test import Client

from benchmarks import stage, workload
from benchmarks.measuring import percentile, ratios, spread
from benchmarks.report import Row, Table
from shopsite.models import Operator

SMALL = 100  # products
PAGES = {
    "list": "/products/",
    "search": "/products/?q=mleko",
    "filter": "/products/?type=nabia%C5%82",
    "by price": "/products/?sort=price",
    "admin: products": "/admin/catalog/product/",
    "admin: purchases": "/admin/customers/purchase/",
    "admin: receipts": "/admin/kafka_bridge/receipt/",
}


def run(quick: bool) -> Table:
    """Compare pages of shops of both sizes, round by round."""
    large = 2_000 if quick else 100_000
    found: dict[int, dict[str, list[float]]] = {}
    for size in (SMALL, large):
        with stage.empty_shop(""):
            stage.stock(workload.products(size))
            stage.stock(workload.bought(size * 5, 1000))
            found[size] = _times(_operator())
    rows = [_row(name, found[large][name], found[SMALL][name]) for name in PAGES]
    return Table(f"pages with {large:,} products", "ms", rows)


def _row(name: str, large: list[float], small: list[float]) -> Row:
    told = spread(large), spread(small)
    ratio = ratios(large, small)
    return Row(name, f"{SMALL} products", ratio, 1.5, told, at_most=True)


def _operator() -> Client:
    client = Client(HTTP_HOST=settings.ALLOWED_HOSTS[0])
    operator = Operator.objects.create_superuser("bench")
    client.force_login(operator, backend="shopsite.auth.OperatorBackend")
    return client


def _times(client: Client) -> dict[str, list[float]]:
    """Return three medians for each page, in milliseconds."""
    return {name: [_median(client, path) for _ in range(3)] for name, path in PAGES.items()}


def _median(client: Client, path: str) -> float:
    return percentile([_timed(client, path) for _ in range(11)], 0.5)


def _timed(client: Client, path: str) -> float:
    start = time.perf_counter()
    answer = client.get(path)
    if answer.status_code != HTTPStatus.OK:
        raise RuntimeError(f"{path} was answered with {answer.status_code}")
    return 1000 * (time.perf_counter() - start)
