"""What the site answers while MongoDB does not answer."""

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.db import DatabaseError, IntegrityError, connection
from django.http import HttpRequest, HttpResponse
from django.test import Client
from pymongo.errors import AutoReconnect, OperationFailure

from customers.models import Customer
from kafka_bridge.local import mongodb
from kafka_bridge.local.mongodb import free_port
from shopsite.middleware import SessionMiddleware, is_absence
from tests import operators
from tests.conftest import Consume, Publish
from tests.pages import browser_of, customer, stranger


@pytest.fixture
def ola(publish: Publish, consume: Consume) -> Customer:
    return customer(publish, consume)


@pytest.fixture
def no_mongodb(ola: Customer) -> Iterator[None]:
    """Nothing listens where MongoDB listened."""
    host = connection.settings_dict["HOST"]
    connection.close_pool()  # type: ignore[attr-defined]
    connection.settings_dict["HOST"] = f"mongodb://127.0.0.1:{free_port()}/"
    yield
    connection.close_pool()  # type: ignore[attr-defined]
    connection.settings_dict["HOST"] = host


@pytest.fixture
def browsers(ola: Customer) -> dict[str, Client]:
    """Browsers of all kinds of people, logged in before MongoDB goes away."""
    return {"stranger": stranger(), "customer": browser_of(ola), "operator": operators.log_in()}


PAGES = [
    ("stranger", "/products/"),
    ("customer", "/products/milk/"),
    ("customer", "/purchases/"),
    ("customer", "/check-out/"),
    ("customer", "/register/"),
    ("operator", "/admin/"),
    ("operator", "/admin/catalog/product/"),
]


@pytest.mark.parametrize(("who", "address"), PAGES)
def test_pages_say_not_now_in_time(
    browsers: dict[str, Client], no_mongodb: None, who: str, address: str
) -> None:
    started = time.monotonic()
    page = browsers[who].get(address)
    assert time.monotonic() - started < 5
    assert page.status_code == 503
    assert page["Retry-After"] == "10"
    assert "We cannot answer just now" in page.content.decode()


@pytest.fixture
def stopped_mongodb(db: None, tmp_path: Path) -> Iterator[Callable[[], None]]:
    """Another MongoDB, which stops in the middle of its work when that is called."""
    server = mongodb.Server(tmp_path)
    host = connection.settings_dict["HOST"]
    connection.close_pool()  # type: ignore[attr-defined]
    connection.settings_dict["HOST"] = server.uri
    yield lambda: server.process.send_signal(signal.SIGSTOP)
    server.process.kill()
    connection.close_pool()  # type: ignore[attr-defined]
    connection.settings_dict["HOST"] = host
    server.stop()


def test_pages_do_not_wait_for_a_mongodb_that_hangs(stopped_mongodb: Callable[[], None]) -> None:
    client = stranger()
    assert client.get("/products/").status_code == 200
    stopped_mongodb()
    started = time.monotonic()
    assert client.get("/products/").status_code == 503
    assert time.monotonic() - started < 5


def test_a_form_is_told_that_it_may_be_sent_again(
    browsers: dict[str, Client], no_mongodb: None
) -> None:
    page = browsers["customer"].post("/products/milk/", {"quantity": 1})
    assert page.status_code == 503
    assert "counts only once" in page.content.decode()
    assert "http-equiv" not in page.content.decode()


def test_what_needs_no_mongodb_is_shown(browsers: dict[str, Client], no_mongodb: None) -> None:
    assert stranger().get("/register/").status_code == 200
    assert browsers["customer"].get("/nothing").status_code == 404
    assert stranger().get("/health/live").status_code == 200


def test_nobody_is_logged_out_by_it(browsers: dict[str, Client], no_mongodb: None) -> None:
    page = browsers["customer"].get("/purchases/")
    assert "sessionid" not in page.cookies


def test_a_session_that_cannot_be_saved_is_told(ola: Customer, no_mongodb: None) -> None:
    request = HttpRequest()
    request.session = SessionStore()
    request.session["changed"] = True
    middleware = SessionMiddleware(lambda request: HttpResponse())
    assert middleware.process_response(request, HttpResponse()).status_code == 503
    request.session = SessionStore("k" * 32)
    request.session._session_cache = {"changed": True}  # type: ignore[attr-defined]
    request.session.modified = True
    assert middleware.process_response(request, HttpResponse()).status_code == 503


def test_only_absence_is_absence() -> None:
    def caused(error: Exception, cause: Exception) -> Exception:
        error.__cause__ = cause
        return error

    assert is_absence(AutoReconnect())
    assert is_absence(caused(DatabaseError(), AutoReconnect()))
    assert not is_absence(caused(DatabaseError(), OperationFailure("wrong query")))
    assert not is_absence(IntegrityError())
    assert not is_absence(ZeroDivisionError())
