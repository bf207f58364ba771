"""The event contract as a page."""

import json

import pytest
from django.test import Client
from django.urls import reverse

from kafka_bridge import contract, registry

pytestmark = pytest.mark.django_db


def page(client: Client) -> str:
    """Return the page's HTML."""
    answer = client.get("/docs/events/")
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_page_shows_every_type_with_its_fields(client: Client) -> None:
    shown = page(client)
    for known in registry.event_types.values():
        assert f'<h2 id="{known.name}">' in shown
        for field in known.struct.__struct_fields__:
            assert f"<code>{field}</code>" in shown


def test_the_page_marks_old_versions_and_personal_data(client: Client) -> None:
    shown = page(client)
    assert shown.count("still read, no longer written") == len(registry.upcasters)
    assert "personal data" in shown


def test_the_page_says_in_words_what_a_field_holds(client: Client) -> None:
    shown = page(client)
    assert "integer, at least 1, at most 1000" in shown
    assert "string, of at least 1 character, of at most 200 characters" in shown
    assert "or null" in shown
    assert ", that matches <code>^" in shown
    optional = sum(len(known.struct.__struct_defaults__) for known in registry.event_types.values())
    assert shown.count('class="optional"') == optional + len(["ce_subject", "content-type"])


def test_the_page_marks_names_as_code_and_escapes_what_is_told(client: Client) -> None:
    shown = page(client)
    assert "<code>price</code> is in the shop&#x27;s currency" in shown
    assert "`" not in shown


def test_the_headers_of_every_event_name_no_single_type(client: Client) -> None:
    headers, _, _ = page(client).partition("<section")
    assert "One of the types above." in headers
    assert "“shop." not in headers


def test_the_page_needs_nothing_that_the_policy_forbids(client: Client) -> None:
    answer = client.get("/docs/events/")
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    shown = answer.content.decode()
    assert "<script" not in shown
    assert "<style" not in shown
    assert " style=" not in shown


@pytest.mark.parametrize("name", ["asyncapi.json", "shop.product.added.v2.json"])
def test_the_files_are_served(client: Client, name: str) -> None:
    answer = client.get(reverse("contract:file", args=[name]))
    assert answer.headers["Content-Type"] == "application/json"
    assert json.loads(answer.content) == json.loads((contract.FOLDER / name).read_text("utf-8"))


def test_other_names_are_not_found(client: Client) -> None:
    assert client.get("/docs/events/README.md").status_code == 404
    assert client.post("/docs/events/").status_code == 405
