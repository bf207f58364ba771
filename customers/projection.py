"""What events change about customers and purchases."""

from catalog.models import Product, ProductDocument, stored
from customers.events import CustomerChanged, CustomerRegistered, ProductBought
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
        "version": customer["version"] + 1,
        "changed_at": event.time,
    }
    return [Change(Customer, changed)]


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
        "name": product["name"],
        "type": product["type"],
        "price": product["price"],
        "quantity": data.quantity,
        "value": stored(data.price * data.quantity),
        "bought_at": event.time,
    }
    return [Change(Purchase, purchase)]
