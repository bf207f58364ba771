"""What events change about customers and purchases."""

from django.contrib.auth.hashers import is_password_usable

from catalog.events import IMPORTED
from catalog.models import Product, ProductDocument, stored
from catalog.naming import search_prefixes
from customers.events import (
    CustomerChanged,
    CustomerEmailGiven,
    CustomerImported,
    CustomerRegistered,
    ProductBought,
    PurchaseImported,
)
from customers.identity import customer_id, normalise
from customers.models import Customer, CustomerDocument, Purchase, PurchaseDocument
from kafka_bridge.envelope import Envelope
from kafka_bridge.registry import Change, Outcome, Rejection, applies


@applies(CustomerRegistered, reads=Customer)
def register(event: Envelope[CustomerRegistered], customer: CustomerDocument | None) -> Outcome:
    """Register the customer; of two registrations of one address the first wins."""
    data = event.data
    if event.subject != customer_id(data.email):
        return Rejection("foreign_key")
    if customer is not None:
        return Rejection("already_registered")
    new: CustomerDocument = {
        "_id": event.subject,
        "first_name": data.first_name,
        "last_name": data.last_name,
        "street": data.street,
        "postcode": data.postcode,
        "city": data.city,
        "email": normalise(data.email),
        "password": data.password,
        "search": _beginnings(data),
        "version": 1,
        "registered_at": event.time,
        "changed_at": event.time,
    }
    return [Change(Customer, new)]


@applies(CustomerChanged, reads=Customer)
def change(event: Envelope[CustomerChanged], customer: CustomerDocument | None) -> Outcome:
    """Change the customer's data, if they saw the latest version."""
    data = event.data
    if customer is None:
        return Rejection("customer_unknown")
    if customer["version"] != data.version:
        return Rejection("customer_stale")
    changed: CustomerDocument = {
        **customer,
        "first_name": data.first_name,
        "last_name": data.last_name,
        "street": data.street,
        "postcode": data.postcode,
        "city": data.city,
        "password": data.password or customer["password"],
        "search": _beginnings(data),
        "version": customer["version"] + 1,
        "changed_at": event.time,
    }
    return [Change(Customer, changed)]


def _beginnings(data: CustomerRegistered | CustomerChanged) -> list[str]:
    return search_prefixes(f"{data.first_name} {data.last_name} {data.postcode} {data.city}")


@applies(ProductBought, reads=Product)
def buy(event: Envelope[ProductBought], product: ProductDocument | None) -> Outcome:
    """Let the customer own the product, if it is sold at the price that they saw."""
    data = event.data
    if product is None:
        return Rejection("product_unknown")
    if product["withdrawn"]:
        return Rejection("product_withdrawn")
    if product["price"] != stored(data.price):
        return Rejection("price_changed", {"price": str(product["price"])})
    purchase: PurchaseDocument = {
        "_id": event.id,
        "customer_id": data.customer_id,
        "product_id": event.subject,
        "order_id": data.order_id,
        "name": product["name"],
        "type": product["type"],
        "price": product["price"],
        "quantity": data.quantity,
        "value": stored(data.price * data.quantity),
        "bought_at": event.time,
    }
    return [Change(Purchase, purchase)]


@applies(CustomerImported, reads=Customer)
def take_over(event: Envelope[CustomerImported], customer: CustomerDocument | None) -> Outcome:
    """Know the customer, who cannot log in; one who came from there before is replaced.

    Who has set a password is not: what customers say of themselves is not overwritten, and who can
    log in always has an address in its parts.
    """
    if not event.subject.startswith(IMPORTED):
        return Rejection("not_imported")
    if customer and is_password_usable(customer["password"]):
        return Rejection("customer_took_over")
    data = event.data
    taken: CustomerDocument = {
        "_id": event.subject,
        "first_name": data.first_name,
        "last_name": data.last_name,
        "street": ", ".join(data.address.split("\n")),
        "postcode": "",
        "city": "",
        "email": customer["email"] if customer else "",
        "password": "!",
        "search": search_prefixes(f"{data.first_name} {data.last_name}"),
        "version": customer["version"] + 1 if customer else 1,
        "registered_at": customer["registered_at"] if customer else event.time,
        "changed_at": event.time,
    }
    return [Change(Customer, taken)]


@applies(CustomerEmailGiven, reads=Customer)
def give_email(event: Envelope[CustomerEmailGiven], customer: CustomerDocument | None) -> Outcome:
    """Let an imported customer have an e-mail address, if the operator saw the latest version."""
    if not event.subject.startswith(IMPORTED):
        return Rejection("not_imported")
    if customer is None:
        return Rejection("customer_unknown")
    if customer["version"] != event.data.version:
        return Rejection("customer_stale")
    changed: CustomerDocument = {
        **customer,
        "email": normalise(event.data.email),
        "version": customer["version"] + 1,
        "changed_at": event.time,
    }
    return [Change(Customer, changed)]


@applies(PurchaseImported, reads=Product)
def take_over_purchase(
    event: Envelope[PurchaseImported], product: ProductDocument | None
) -> Outcome:
    """Let the customer own the product at the price that it has now."""
    if not event.data.customer_came:
        return Rejection("customer_unknown")
    if product is None:
        return Rejection("product_unknown")
    price = product["price"].to_decimal()
    bought = ProductBought(event.data.customer_id, event.data.quantity, price)
    return buy(Envelope(bought, event.subject, event.id, event.source, event.time), product)
