"""From the press of a button to the page that says what became of it, by stages."""

import http.client
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.cookies import SimpleCookie
from statistics import median
from types import MappingProxyType
from urllib.parse import urlencode

from django.contrib.auth.hashers import make_password

from benchmarks import processes, stage, workload
from benchmarks.measuring import percentile, shown, spread, timed
from benchmarks.report import Row, Table
from benchmarks.sizes import Size
from customers.events import CustomerRegistered
from customers.identity import customer_id
from kafka_bridge import direct, publisher
from kafka_bridge.envelope import wrap
from kafka_bridge.local.mongodb import free_port
from kafka_bridge.models import Offset, Receipt
from kafka_bridge.mongo import database

EMAIL, PASSWORD = "anna.nowak@example.com", "correct horse"
PRODUCT = f"/products/{workload.product_id(1)}/"


class Browser:
    """One customer's connection to the shop, with cookies."""

    def __init__(self, port: int, cookies: Mapping[str, str] = MappingProxyType({})) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._cookies = dict(cookies)

    def get(self, path: str) -> str:
        """Return a page; raise `RuntimeError` unless it is one."""
        return self._ask("GET", path, None)[0]

    def post(self, path: str, fields: dict[str, str]) -> str:
        """Send a form; return where the answer redirects to."""
        return self._ask("POST", path, urlencode(fields))[1]

    def _ask(self, method: str, path: str, body: str | None) -> tuple[str, str]:
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        headers = {"Cookie": cookies, "Content-Type": "application/x-www-form-urlencoded"}
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        text = answer.read().decode()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                self._cookies |= {k: v.value for k, v in SimpleCookie(value).items()}
        if answer.status not in (200, 302):
            raise RuntimeError(f"{method} {path} was answered with {answer.status}")
        return text, answer.getheader("Location") or ""


def hidden(page: str) -> dict[str, str]:
    """Return the hidden fields of a page's forms, and its price."""
    inputs = re.findall(r"<input[^>]*>", page)
    found = {}
    for one in inputs:
        name, value = re.search(r'name="([^"]*)"', one), re.search(r'value="([^"]*)"', one)
        if name and value and 'type="hidden"' in one:
            found[name[1]] = value[1]
    return found


def run(size: Size) -> Table:
    """Buy again and again over HTTP, with one worker and a live consumer."""
    amount = size.of(30, 200, 1000)
    with stage.empty_shop(stage.new_topic("web"), for_people=True), shop(1, 2) as port:
        browser = Browser(port)
        log_in = hidden(browser.get("/log-in/"))
        browser.post("/log-in/", log_in | {"email": EMAIL, "password": PASSWORD})
        for _ in range(5):
            _buy(browser)
        bought = [_buy(browser) for _ in range(amount)]
        bare = [timed(lambda: browser.get("/health/live")) for _ in range(amount)]
        decided, acknowledged = _decided(amount), [timed(_publish) for _ in range(amount)]
    stages = {name: [one[name] for one in bought] for name in bought[0]}
    whole = [one["submit"] + one["result page"] for one in bought]
    notes = [f"{name}: p50 {shown(median(times))} ms" for name, times in stages.items()]
    notes.append(f"of submit, event made to receipt decided: p50 {shown(median(decided))} ms")
    notes.append(f"an acknowledgement alone: p50 {shown(median(acknowledged))} ms")
    return Table("submit to result page", "ms", _rows(whole, bare), ("; ".join(notes) + ".",))


def _rows(whole: list[float], bare: list[float]) -> list[Row]:
    rows = []
    for share, goal in ((0.5, 40.0), (0.99, 120.0)):
        ours, limit = spread([percentile(whole, share)]), spread([goal])
        ratio = spread([ours.median / goal])
        rows.append(Row(f"p{share:.0%}"[:-1], "its limit", ratio, 1.0, (ours, limit), True))
    ours, base = spread([median(whole)]), spread([median(bare)])
    ratio = spread([ours.median / base.median])
    rows.append(Row("p50", "a bare Django view", ratio, None, (ours, base)))
    return rows


@contextmanager
def shop(workers: int, threads: int) -> Iterator[int]:
    """The shop's pages and its consumer; yields the port."""
    stage.stock(workload.products())
    data = CustomerRegistered(
        "Anna", "Nowak", "Długa 5", "00-001", "Warszawa", EMAIL, make_password(PASSWORD)
    )
    event = wrap(data, subject=customer_id(EMAIL), source=workload.SOURCE)
    stage.stock(direct.changes(event, None))
    port = free_port()
    listen = ("--bind", f"127.0.0.1:{port}", "--keep-alive", "60", "--log-level", "error")
    many = ("--workers", str(workers), "--threads", str(threads))
    server = (processes.PYTHON, "-m", "gunicorn", *listen, *many)
    with processes.manage("consume", "--alone"), processes.started(*server, "shopsite.wsgi"):
        processes.wait_until(lambda: _answers(port), 60)
        processes.wait_until(lambda: bool(database()[Offset._meta.db_table].count_documents({})))
        yield port


def _answers(port: int) -> bool:
    try:
        Browser(port).get("/health/live")
    except OSError:
        return False
    return True


def _buy(browser: Browser) -> dict[str, float]:
    """Buy one product; return the milliseconds of each stage."""
    start = time.perf_counter()
    form = hidden(browser.get(PRODUCT))
    shown_at = time.perf_counter()
    where = browser.post(PRODUCT, form | {"quantity": "1"})
    sent = time.perf_counter()
    if "bought=" not in where:
        raise RuntimeError(f"the purchase was not decided in time: {where}")
    browser.get(where)
    end = time.perf_counter()
    moments = {"form": shown_at - start, "submit": sent - shown_at, "result page": end - sent}
    return {name: 1000 * seconds for name, seconds in moments.items()}


def _publish() -> None:
    publisher.publish(workload.bought())


def _decided(amount: int) -> list[float]:
    """Return the milliseconds from an event's making to its receipt, for the last purchases."""
    newest = database()[Receipt._meta.db_table].find().sort("applied_at", -1).limit(amount)
    return [1000 * (found["applied_at"] - found["happened_at"]).total_seconds() for found in newest]
