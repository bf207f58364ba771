"""Addresses of the catalog's pages; `shopsite.urls` adds a product's page, where one buys."""

from django.urls import path, register_converter

from catalog.views import products


class AnyText:
    """Any text: a product's id is what the event's key was, slashes and all."""

    regex = r"(?s:.+)"

    def to_python(self, value: str) -> str:
        """Return the text of an address as it is."""
        return value

    def to_url(self, value: str) -> str:
        """Return the text as it is; Django quotes it."""
        return value


register_converter(AnyText, "any")

app_name = "catalog"
urlpatterns = [path("", products, name="products")]
