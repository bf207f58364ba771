"""What events change about products."""

from decimal import Decimal

from catalog.events import (
    IMPORTED,
    ProductAdded,
    ProductChanged,
    ProductImported,
    ProductWithdrawn,
)
from catalog.models import Product, ProductDocument, stored
from catalog.naming import search_prefixes, sort_key
from kafka_bridge.envelope import Envelope
from kafka_bridge.registry import Change, Outcome, Rejection, applies


def _offered(name: str, kind: str, price: Decimal) -> dict[str, object]:
    return {
        "name": name,
        "name_key": sort_key(name),
        "search": search_prefixes(name),
        "type": kind,
        "price": stored(price),
    }


@applies(ProductAdded, reads=Product)
def add(event: Envelope[ProductAdded], product: ProductDocument | None) -> Outcome:
    """Put the product on sale, unless the id is taken."""
    if product is not None:
        return Rejection("product_exists")
    new = {
        "_id": event.subject,
        **_offered(event.data.name, event.data.type, event.data.price),
        "description": event.data.description,
        "unit": event.data.unit,
        "version": 1,
        "withdrawn": False,
        "added_at": event.time,
        "changed_at": event.time,
    }
    return [Change(Product, new)]


@applies(ProductChanged, reads=Product)
def change(event: Envelope[ProductChanged], product: ProductDocument | None) -> Outcome:
    """Change the product, if the operator saw its latest version."""
    if product is None:
        return Rejection("product_unknown")
    if product["withdrawn"]:
        return Rejection("product_withdrawn")
    if product["version"] != event.data.version:
        return Rejection("product_stale")
    data = event.data
    offered = _offered(data.name, data.type, data.price)
    told = {"description": data.description, "unit": data.unit}
    said = {name: text for name, text in told.items() if text is not None}
    counted = {"version": product["version"] + 1, "changed_at": event.time}
    return [Change(Product, {**product, **offered, **said, **counted})]


@applies(ProductWithdrawn, reads=Product)
def withdraw(event: Envelope[ProductWithdrawn], product: ProductDocument | None) -> Outcome:
    """Take the product off sale; what was bought stays bought."""
    if product is None:
        return Rejection("product_unknown")
    if product["withdrawn"]:
        return Rejection("product_withdrawn")
    counted = {"version": product["version"] + 1, "changed_at": event.time}
    return [Change(Product, {**product, "withdrawn": True, **counted})]


@applies(ProductImported, reads=Product)
def take_over(event: Envelope[ProductImported], product: ProductDocument | None) -> Outcome:
    """Put the product on sale, or change the one that came from there before."""
    if not event.subject.startswith(IMPORTED):
        return Rejection("not_imported")
    data = event.data
    if product is None:
        added = ProductAdded(data.name, data.type, data.price)
        new = Envelope(added, event.subject, event.id, event.source, event.time)
        return add(new, None)
    changed = ProductChanged(data.name, data.type, data.price, product["version"])
    return change(Envelope(changed, event.subject, event.id, event.source, event.time), product)
