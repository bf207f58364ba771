"""The frame of all pages: errors in words, languages, security headers, health."""

import re
from typing import Any

import pytest
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from pymongo.errors import ServerSelectionTimeoutError

from shopsite.urls import urlpatterns as shop_urls
from tests.pages import stranger


def broken(request: HttpRequest, how: str) -> HttpResponse:
    """Fail as views may fail."""
    failures: dict[str, type[Exception]] = {
        "400": BadRequest,
        "403": PermissionDenied,
        "500": ZeroDivisionError,
        "503": ServerSelectionTimeoutError,
    }
    raise failures[how]("secret")


urlpatterns = [*shop_urls, path("broken/<str:how>/", broken)]


def words(response: Any) -> str:
    """Return what a page says, without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


@pytest.mark.urls(__name__)
@pytest.mark.parametrize(
    ("how", "polish"),
    [
        ("400", "Nie zrozumieliśmy"),
        ("403", "To nie dla Ciebie"),
        ("500", "Coś się u nas zepsuło"),
        ("503", "Chwilowo nie możemy odpowiedzieć"),
    ],
)
def test_errors_are_told_in_words(how: str, polish: str) -> None:
    client = stranger("pl")
    client.raise_request_exception = False
    page = client.get(f"/broken/{how}/")
    assert page.status_code == int(how)
    assert polish in words(page)
    assert "Sklep zdarzeniowy" in words(page)
    assert "secret" not in words(page)
    assert "Traceback" not in words(page)


@pytest.mark.parametrize("address", ["/nothing", "/products", "/register/x/", "/%00", "/ż/"])
def test_unknown_pages_are_told_in_words(db: None, address: str) -> None:
    page = stranger("pl").get(address, follow=True)
    assert page.status_code == (200 if address == "/products" else 404)
    assert page.status_code == 200 or "Tu niczego nie ma" in words(page)


def test_a_form_without_its_csrf_token_is_refused_in_words(db: None) -> None:
    client = Client(enforce_csrf_checks=True, headers={"accept-language": "pl"})
    page = client.post("/register/", {"first_name": "Ola"})
    assert page.status_code == 403
    assert "Nie możemy zaufać temu formularzowi" in words(page)


@pytest.mark.parametrize("charset", ["latin2", "unicode_escape", "nonsense"])
def test_other_encodings_are_refused_in_words(db: None, charset: str) -> None:
    page = stranger().get("/products/", headers={"content-type": f"text/plain; charset={charset}"})
    assert page.status_code == 400
    assert "We did not understand that" in words(page)


def test_more_than_any_form_holds_is_refused_in_words(db: None) -> None:
    page = stranger().post("/register/", {"first_name": "x" * 3_000_000})
    assert page.status_code == 400
    assert "We did not understand that" in words(page)


def test_the_shop_is_polish_unless_asked_otherwise(db: None) -> None:
    assert 'lang="pl"' in Client().get("/products/").content.decode()
    assert 'lang="en"' in stranger("en-GB,en;q=0.9").get("/products/").content.decode()
    assert 'lang="pl"' in stranger("de").get("/products/").content.decode()


def test_the_language_can_be_switched(db: None) -> None:
    client = stranger("pl")
    answer = client.post("/i18n/setlang/", {"language": "en", "next": "/products/?q=mleko"})
    assert answer["Location"] == "/products/?q=mleko"
    assert 'lang="en"' in client.get("/products/").content.decode()


@pytest.mark.parametrize(
    "address", ["/products/", "/basket/", "/register/", "/log-in/", "/nothing"]
)
def test_pages_hold_to_a_strict_content_security_policy(db: None, address: str) -> None:
    page = stranger().get(address)
    assert "unsafe" not in page["Content-Security-Policy"]
    assert "default-src 'self'" in page["Content-Security-Policy"]
    text = page.content.decode()
    assert not re.search(r"<style|<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=", text)


def test_the_first_page_is_the_list_of_products(db: None) -> None:
    assert stranger().get("/")["Location"] == "/products/"


def test_health(db: None) -> None:
    assert stranger().get("/health/live").json() == {"live": True}
    assert stranger().get("/health/ready").json() == {"kafka": True, "mongodb": True}


def test_the_icon_is_found_by_link_and_by_guess(db: None) -> None:
    page = stranger().get("/products/").content.decode()
    assert '<link rel="icon" href="/static/shop/favicon.svg" type="image/svg+xml">' in page
    assert stranger().get("/favicon.ico")["Location"] == "/static/shop/favicon.svg"
    assert b"<svg" in b"".join(stranger().get("/static/shop/favicon.svg"))
