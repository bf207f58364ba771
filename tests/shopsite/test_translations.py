"""Every text of the shop has its Polish."""

from collections.abc import Iterator
from typing import Any

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils import translation

from kafka_bridge.registry import reasons

PO = settings.LOCALE_PATHS[0] / "pl" / "LC_MESSAGES" / "django.po"
KEYWORDS = DEFAULT_KEYWORDS | {"gettext_lazy": None, "ngettext_lazy": (1, 2)}


def in_the_code() -> Iterator[tuple[str, Any]]:
    """Return the file and the text, or texts of a plural, of each call to gettext."""
    with (settings.BASE_DIR / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    found = extract_from_dir(settings.BASE_DIR, methods, options, keywords=KEYWORDS)
    return ((file, texts) for file, _, texts, _, _ in found)


@pytest.fixture(scope="module")
def polish() -> dict[str, Message]:
    with PO.open("rb") as file:
        catalog = read_po(file, locale="pl", domain="django")
    return {_first(message.id): message for message in catalog if message.id}


def _first(texts: Any) -> str:
    return texts if isinstance(texts, str) else str(texts[0])


def test_every_text_has_its_polish(polish: dict[str, Message]) -> None:
    def said(text: str) -> bool:
        message = polish.get(text)
        return message is not None and all([message.string, *_forms(message)])

    missing = {(file, text) for file, text in in_the_code() if not said(_first(text))}
    assert not missing
    assert not [message for message in polish.values() if message.fuzzy]


def _forms(message: Message) -> tuple[str, ...]:
    return message.string if isinstance(message.string, tuple) else ()


def test_no_polish_is_left_over(polish: dict[str, Message]) -> None:
    assert polish.keys() == {_first(texts) for _, texts in in_the_code()}


def test_templates_are_read_too() -> None:
    files = {file for file, _ in in_the_code()}
    assert any(file.endswith("shopsite/templates/base.html") for file in files)
    assert "customers/views/answers.py" in {file.replace("\\", "/") for file in files}


def test_the_polish_fits_its_places(polish: dict[str, Message]) -> None:
    for message in polish.values():
        assert not list(message.check())


def test_reasons_are_said_in_polish() -> None:
    for reason in reasons.values():
        with translation.override("en"):
            english = str(reason)
        with translation.override("pl"):
            assert str(reason) != english
