"""Purchases that were sent from this session and whose outcome it has not told yet.

The session keeps them by event id, without anything about the person. Those of a basket stay when
they are decided, so that the page of their order can be looked at again; the oldest give way.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from decimal import Decimal
from typing import NamedTuple, TypedDict

from django.contrib.sessions.backends.base import UpdateError
from django.http import HttpRequest

from catalog.models import Product
from customers import basket
from customers.models import Purchase
from customers.refusals import explanation
from kafka_bridge import standing
from kafka_bridge.standing import Standing, State

SENT = "sent"  # in the session: what is kept of each purchase, by event id
MOST = 2 * basket.MOST_LINES
# How far the session is with a purchase. `UNSENT`: Kafka did not take it, and it is still in the
# basket. `REFUSED`: it was not carried out, and the customer has not been told.
UNSENT, WAITING, REFUSED, TOLD = "unsent", "waiting", "refused", "told"


class Sent(TypedDict):
    """A purchase in the session; without `order` it was bought by itself."""

    product: str
    quantity: int
    price: str
    order: str
    at: str


class Row(NamedTuple):
    """A purchase as pages show it."""

    event_id: str
    product_id: str
    order: str
    name: str
    type: str
    price: Decimal
    quantity: int
    sent: bool
    standing: Standing

    @property
    def value(self) -> Decimal:
        """What it costs."""
        return self.price * self.quantity

    @property
    def state(self) -> str:
        """How its event stands, or `unsent`."""
        undecided = self.standing.state is State.WAITING
        return UNSENT if undecided and not self.sent else self.standing.state

    @property
    def refused(self) -> bool:
        """Whether it is certain that nothing was bought."""
        return self.state in (State.REJECTED, State.DROPPED)

    @property
    def why(self) -> str:
        """Why it was refused, in the reader's language."""
        return explanation(self.standing.receipt) if self.standing.receipt else ""


def remember(request: HttpRequest, purchases: Mapping[str, Sent]) -> None:
    """Keep purchases, by event id: other tabs show them while this one still waits."""
    # Another tab may have changed the session while this one waited for Kafka.
    request.session = type(request.session)(request.session.session_key)
    kept = _kept(request)
    for event_id, one in purchases.items():
        before = kept.pop(event_id, one)  # of a form that is sent again the outcome may be known
        known = before["at"] in (REFUSED, TOLD)
        kept[event_id] = {**one, "at": before["at"]} if known else one
    request.session[SENT] = dict([*kept.items()][-MOST:])
    basket.drop_sent(request, {k for k, one in purchases.items() if one["at"] == WAITING})
    # Where there is no session any more, nothing can be shown: logged out, or MongoDB is away.
    if request.session.session_key is not None:
        with suppress(UpdateError):
            request.session.save()
    request.session.modified = False


def followed(request: HttpRequest) -> list[Row]:
    """Return the purchases that are not decided, and those refused that were not told so."""
    open_ones = {k: o for k, o in _kept(request).items() if o["at"] in (WAITING, REFUSED)}
    return [row for row in _rows(request, open_ones) if row.state != State.APPLIED]


def of_order(request: HttpRequest, order_id: str) -> list[Row]:
    """Return all of an order, each as it stands; nothing if this session does not know it."""
    return _rows(request, {k: o for k, o in _kept(request).items() if o["order"] == order_id})


def waiting(rows: Iterable[Row]) -> int:
    """Return how many of these will turn by themselves."""
    return sum(row.state == State.WAITING for row in rows)


def settle(request: HttpRequest) -> None:
    """Take note of what was decided; what was refused of a basket goes back into it."""
    waiting = [k for k, one in _kept(request).items() if one["at"] == WAITING]
    _note(request, standing.of(waiting))


def told(request: HttpRequest, event_ids: Iterable[str]) -> None:
    """Take note that the customer knows the outcome of these."""
    kept = _kept(request)
    known = [k for k in event_ids if k in kept and kept[k]["at"] != TOLD]
    for event_id in known:
        _close(kept, event_id)
    if known:
        request.session[SENT] = kept


def _rows(request: HttpRequest, kept: Mapping[str, Sent]) -> list[Row]:
    if not kept:
        return []
    found = standing.of(list(kept))
    products = Product.objects.in_bulk({one["product"] for one in kept.values()})
    bought = Purchase.objects.in_bulk([k for k, s in found.items() if s.state is State.APPLIED])
    rows = [
        _row(k, o, found[k], products.get(o["product"]), bought.get(k)) for k, o in kept.items()
    ]
    _note(request, found)
    return rows


def _row(
    event_id: str, kept: Sent, now: Standing, product: Product | None, bought: Purchase | None
) -> Row:
    known = bought or product
    return Row(
        event_id,
        kept["product"],
        kept["order"],
        known.name if known else kept["product"],
        known.type if known else "",
        bought.price if bought else Decimal(kept["price"]),
        # An earlier attempt may have got through, with another quantity.
        bought.quantity if bought else kept["quantity"],
        kept["at"] != UNSENT,
        now,
    )


def _note(request: HttpRequest, found: Mapping[str, Standing]) -> None:
    kept, changed = _kept(request), False
    for event_id, now in found.items():
        one = kept[event_id]
        if now.state is State.APPLIED and one["at"] != TOLD:
            basket.drop_sent(request, {event_id})
            _close(kept, event_id)
        elif now.state in (State.REJECTED, State.DROPPED) and one["at"] == WAITING:
            one["at"] = REFUSED
            if one["order"]:
                basket.put_back(request, one["product"], one["quantity"], one["price"])
        else:
            continue
        changed = True
    if changed:
        request.session[SENT] = kept


def _close(kept: dict[str, Sent], event_id: str) -> None:
    """Forget a purchase, unless its order's page shows it."""
    if kept[event_id]["order"]:
        kept[event_id]["at"] = TOLD
    else:
        del kept[event_id]


def _kept(request: HttpRequest) -> dict[str, Sent]:
    kept: dict[str, Sent] = request.session.get(SENT, {})
    return kept
