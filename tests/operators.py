"""What tests of the admin share: operators' browsers, and reading of what they show."""

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

from django.test import Client

from shopsite.models import Operator

Fields = dict[str, Any]


def log_in(name: str = "ewa") -> Client:
    """Return a browser, in English, in which a new operator who may do all is logged in."""
    return browser_of(Operator.objects.create_superuser(name))


def browser_of(operator: Operator) -> Client:
    """Return a browser, in English, in which the operator is logged in."""
    client = Client(headers={"accept-language": "en"})
    client.force_login(operator)
    return client


class _Forms(HTMLParser):
    """Collects the fields of every form of a page, as a browser would send them."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Fields] = []
        self.area: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = dict(attributes)
        if tag == "form":
            self.forms.append({})
        elif tag == "input" and self.forms and found.get("type") not in ("submit", "checkbox"):
            values = self.forms[-1].setdefault(found.get("name") or "", [])
            values.append(found.get("value") or "")
        elif tag == "textarea" and self.forms:
            self.area = self.forms[-1].setdefault(found.get("name") or "", [])
            self.area.append("")

    def handle_data(self, data: str) -> None:
        if self.area:
            # A browser drops the line feed that a text begins with.
            self.area[-1] += data.removeprefix("\n") if not self.area[-1] else data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self.area = []


def form_of(response: Any, field: str) -> Fields:
    """Return what the page's form with such a field would send; fail if there is none."""
    parser = _Forms()
    parser.feed(response.content.decode())
    return next(form for form in parser.forms if field in form)


def has_form(response: Any, field: str) -> bool:
    """Whether the page has a form with such a field."""
    parser = _Forms()
    parser.feed(response.content.decode())
    return any(field in form for form in parser.forms)


def told(response: Any) -> Iterator[tuple[str, str]]:
    """Return the level and text of each message that the page shows."""
    return ((message.level_tag, str(message)) for message in response.context["messages"])
