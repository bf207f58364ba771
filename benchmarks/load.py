"""Many people who buy at once: at which rate pages come late, and whether a purchase is lost.

They come when they come, however late the shop is: what is measured is the time since a submit
was due, so that a shop that answers late is not asked less.
"""

import http.client
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from benchmarks import past, processes, stage, web, workload
from benchmarks.measuring import percentile, shown, spread
from benchmarks.report import Row, Table
from benchmarks.sizes import Size
from customers.models import Customer, Purchase
from kafka_bridge.envelope import new_event_id
from kafka_bridge.mongo import database
from kafka_bridge.submission import token_for

RATES = (10, 25, 50, 75, 100, 150, 200)  # submits a second
GOAL = 200
LATEST = 1000.0  # ms, for all but one in a hundred
BUYERS = 48
WORKERS, THREADS = 2, 16
WARMING = 3  # seconds
SECRET = "c" * 32  # of the forms: whatever a browser has in its cookie, it has to send back


class Answer(NamedTuple):
    """When an answer came, in ms after the submit was due, and where it led; None if nowhere."""

    after: float
    where: str | None


class Buyer:
    """A customer who is logged in, and sends forms that the shop could have given out."""

    def __init__(self, port: int, number: int) -> None:
        self._port, self._customer = port, Customer.objects.get(pk=workload.buyer(number))
        self.cookies = self._logged_in()
        self._browser = web.Browser(port, self.cookies)

    def _logged_in(self) -> dict[str, str]:
        session = SessionStore()
        session[SESSION_KEY] = self._customer.pk
        session[BACKEND_SESSION_KEY] = "customers.auth.CustomerBackend"
        session[HASH_SESSION_KEY] = self._customer.get_session_auth_hash()
        session.create()
        key = str(session.session_key)
        return {settings.SESSION_COOKIE_NAME: key, settings.CSRF_COOKIE_NAME: SECRET}

    def form(self, number: int) -> tuple[str, dict[str, str]]:
        """Return the address of a product, and its form filled in."""
        product = workload.product_id(number % workload.PRODUCTS)
        return f"/products/{product}/", {
            "csrfmiddlewaretoken": SECRET,
            "token": token_for(new_event_id(), f"buy:{self._customer.pk}:{product}"),
            "price": str(workload.price(number % workload.PRODUCTS)),
            "quantity": "1",
        }

    def buy(self, number: int) -> str | None:
        """Buy one of a product; return where the answer leads to, None if it is an error."""
        try:
            return self._browser.post(*self.form(number)) or None
        except (RuntimeError, OSError, http.client.HTTPException):
            self._browser = web.Browser(self._port, self.cookies)
            return None


def run(size: Size) -> Table:
    """Raise the rate until pages come late; then count what was bought."""
    seconds = size.of(2, 6, 30)
    topic = stage.new_topic("load")
    with stage.empty_shop(topic, for_people=True), web.shop(WORKERS, THREADS) as port:
        stage.stock(past.customers(BUYERS))
        buyers = [Buyer(port, number) for number in range(BUYERS)]
        warm = _at(RATES[0], buyers, WARMING)
        at = dict(_raised(buyers, seconds))
        every = [answer for answers in [warm, *at.values()] for answer in answers]
        sent = sum(1 for answer in every if answer.where)
        processes.wait_until(lambda: _bought() >= sent, 60)
        bought = _bought()
    notes = tuple(_note(rate, answers) for rate, answers in at.items())
    knee = max((rate for rate, answers in at.items() if _in_time(answers)), default=0)
    return Table("under load", "submits/s, purchases", _rows(knee, bought, sent), notes)


def _raised(buyers: list[Buyer], seconds: float) -> Iterator[tuple[int, list[Answer]]]:
    for rate in RATES:
        answers = _at(rate, buyers, seconds)
        yield rate, answers
        if not _in_time(answers):
            return


def _at(rate: int, buyers: list[Buyer], seconds: float) -> list[Answer]:
    """Send so many submits a second for a while; return the answers to all of them."""
    numbers, start = count(), time.perf_counter() + 0.1

    def come(buyer: Buyer) -> list[Answer]:
        answers = []
        while (number := next(numbers)) < rate * seconds:
            due = start + number / rate
            time.sleep(max(0.0, due - time.perf_counter()))
            where = buyer.buy(number)
            answers.append(Answer(1000 * (time.perf_counter() - due), where))
        return answers

    with ThreadPoolExecutor(len(buyers)) as people:
        return [answer for answers in people.map(come, buyers) for answer in answers]


def _in_time(answers: list[Answer]) -> bool:
    late = percentile([answer.after for answer in answers], 0.99) > LATEST
    return not late and all(answer.where for answer in answers)


def _bought() -> int:
    return database()[Purchase._meta.db_table].count_documents({})


def _rows(knee: int, bought: int, sent: int) -> list[Row]:
    def row(name: str, base: str, ours: float, theirs: float) -> Row:
        return Row(name, base, spread([ours / theirs]), 1.0, (spread([ours]), spread([theirs])))

    return [
        row(f"submits a second, p99 within {LATEST:.0f} ms", f"{GOAL}", knee, GOAL),
        row("purchases", "submits that were answered", bought, max(sent, 1)),
    ]


def _note(rate: int, answers: list[Answer]) -> str:
    after = [answer.after for answer in answers]
    p50, p99 = (shown(percentile(after, share)) for share in (0.5, 0.99))
    told = [answer.where for answer in answers]
    waiting = sum(1 for where in told if where and "bought=" not in where)
    return (
        f"{rate} submits a second: p50 {p50} ms, p99 {p99} ms, {waiting} of {len(told)} answered "
        f"by a page that waits, {told.count(None)} errors."
    )
