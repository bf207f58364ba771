"""The operator's products: from the form through Kafka and the consumer to the page."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from django.contrib.admin.models import LogEntry
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from catalog import admin_withdrawal
from catalog.admin_forms import ProductForm
from catalog.events import ProductAdded, ProductWithdrawn
from catalog.models import Product
from catalog.money import money
from kafka_bridge.models import Receipt
from shopsite.models import Operator
from tests.conftest import Consume, NoKafka, Publish, Running
from tests.operators import Fields, browser_of, form_of, has_form, log_in, told

ADD = "/admin/catalog/product/add/"
LIST = "/admin/catalog/product/"
MILK = {
    "name": "Mleko 3,2%",
    "type": "nabiał",
    "price": "4,90",
    "description": "Od krów\nz łąk.",
    "unit": "1 l",
}
Stock = Callable[..., list[Product]]


@pytest.fixture
def ewa(db: None) -> Client:
    """An operator's browser."""
    return log_in("ewa")


@pytest.fixture
def stock(publish: Publish, consume: Consume) -> Stock:
    """Put products of these names on sale."""

    def put(*names: str) -> list[Product]:
        for name in names:
            publish(ProductAdded(name, "nabiał", Decimal("4.90")), name.lower())
        consume()
        return [Product.objects.get(pk=name.lower()) for name in names]

    return put


def change_of(product: Product) -> str:
    """Return the address of a product's form."""
    return reverse("admin:catalog_product_change", args=[product.pk])


def withdrawal_of(product: Product) -> str:
    """Return the address at which a product is withdrawn."""
    return reverse("admin:catalog_product_delete", args=[product.pk])


def opened(client: Client, address: str, **typed: str) -> Fields:
    """Open a product form and type into it; returns what sending it would send."""
    return form_of(client.get(address), "event") | typed


def chosen(client: Client, *products: Product) -> Fields:
    """Choose products for withdrawal; returns what the confirmation would send."""
    data = {"action": "delete_selected", "_selected_action": [p.pk for p in products]}
    return form_of(client.post(LIST, data), "confirmation")


# Adding


def test_an_added_product_stands_in_the_list(ewa: Client, running_consumer: Running) -> None:
    with running_consumer():
        page = ewa.post(ADD, opened(ewa, ADD, **MILK), follow=True)
    assert page.redirect_chain == [(LIST, 302)]
    assert list(told(page)) == [("success", "“Mleko 3,2%” was added.")]
    product = Product.objects.get()
    assert (product.name, product.type, product.price) == ("Mleko 3,2%", "nabiał", Decimal("4.90"))
    assert change_of(product) in page.content.decode()


def test_the_event_says_who_did_it_and_no_other_log_does(
    ewa: Client, running_consumer: Running
) -> None:
    with running_consumer():
        ewa.post(ADD, opened(ewa, ADD, **MILK))
    operator = Operator.objects.get()
    assert Receipt.objects.get().source == f"/shop/admin/{operator.pk}"
    assert not LogEntry.objects.exists()


def test_one_product_after_the_other(ewa: Client, running_consumer: Running) -> None:
    with running_consumer():
        form = opened(ewa, ADD, **MILK, _addanother="1")
        page = ewa.post(ADD, form, follow=True)
    assert page.redirect_chain == [(ADD, 302)]
    assert form_of(page, "event")["event"] != form["event"]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ({"name": "  Mleko 🥛  "}, {"name": "Mleko 🥛"}),
        ({"name": "ż" * 200, "type": "t" * 50}, {"name": "ż" * 200, "type": "t" * 50}),
        ({"unit": " 1 l "}, {"unit": "1 l"}),
        ({"unit": "", "description": ""}, {"unit": "", "description": ""}),
        ({"description": "Świeże.\r\n\r\nZ łąk."}, {"description": "Świeże.\n\nZ łąk."}),
        ({"price": "5"}, {"price": Decimal("5.00")}),
        ({"price": "0.01"}, {"price": Decimal("0.01")}),
        ({"price": "99999,99"}, {"price": Decimal("99999.99")}),
        ({"price": "1e2"}, {"price": Decimal("100.00")}),
    ],
    ids=[
        "emoji",
        "longest",
        "unit",
        "nothing said",
        "lines",
        "no decimals",
        "cheapest",
        "dearest",
        "exponent",
    ],
)
def test_odd_but_right_values(ewa: Client, consume: Consume, typed: Fields, kept: Fields) -> None:
    ewa.post(ADD, opened(ewa, ADD, **(MILK | typed)))
    consume()
    product = Product.objects.get()
    assert {name: getattr(product, name) for name in kept} == kept


WRONG = {
    "name": ["", "  ", "a\nb", "a\x00b", "a\u2028b", "x" * 201, "x" * 10_000],
    "type": ["", "\t", "a\r\nb", "a\x7fb", "x" * 51],
    "unit": ["a\nb", "x" * 21],
    "description": ["a\tb", "a\x00b", "a\u2028b", "x" * 2001],
    "price": [
        *("", "abc", "💰", "0", "0.00", "-1", "4.905", "100000", "1,000.00", "4.90\x00", "٤.٩٠٠"),
        *("NaN", "Infinity", "1e9", "1e-999999", "9" * 10_000),
    ],
}


@pytest.mark.parametrize("field", WRONG)
def test_a_wrong_value_is_told_at_its_field(ewa: Client, consume: Consume, field: str) -> None:
    right = opened(ewa, ADD, **MILK)
    for value in WRONG[field]:
        page = ewa.post(ADD, right | {field: value})
        assert page.status_code == 200
        form = page.context["adminform"].form
        assert form.errors.keys() == {field}, ascii(value)[:40]
        assert form[field].value() == value
    assert consume() == 0


@given(
    typed=st.fixed_dictionaries(
        {
            "name": st.text(max_size=210),
            "type": st.text(max_size=60),
            "price": st.from_regex(r"[0-9]{1,5}([.,][0-9]{1,2})?", fullmatch=True),
            "description": st.text(),
            "unit": st.text(max_size=30),
        }
    )
)
def test_what_the_form_takes_is_an_event(typed: Fields) -> None:
    fields: dict[str, Any] = ProductForm.base_fields
    try:
        event = ProductAdded(**{name: fields[name].clean(value) for name, value in typed.items()})
    except ValidationError:
        return
    assert msgspec.json.decode(msgspec.json.encode(event), type=ProductAdded) == event


@given(
    price=st.decimals("0.01", "99999.99", places=2),
    separator=st.sampled_from(",."),
)
def test_every_price_can_be_typed(price: Decimal, separator: str) -> None:
    typed = str(price).replace(".", separator)
    taken = ProductForm.base_fields["price"].clean(typed)
    assert ProductAdded("Mleko", "nabiał", taken).price == price


# What is known of the event


def test_before_it_is_applied_nothing_says_added(ewa: Client, consume: Consume) -> None:
    page = ewa.post(ADD, opened(ewa, ADD, **MILK), follow=True)
    [(level, text)] = told(page)
    assert level == "warning"
    assert text.startswith("“Mleko 3,2%”: sent, not yet applied.")
    assert not Product.objects.exists()
    assert consume() == 1
    [receipt_list] = re.findall(r'href="([^"]*)"', text)
    assert Receipt.objects.get().get_status_display() in ewa.get(receipt_list).content.decode()


def test_without_kafka_the_form_is_kept(
    ewa: Client, no_kafka: NoKafka, running_consumer: Running
) -> None:
    form = opened(ewa, ADD, **MILK)
    with running_consumer():
        with no_kafka():
            page = ewa.post(ADD, form)
        assert page.status_code == 503
        assert "Not sent" in page.content.decode()
        kept = form_of(page, "event")
        assert {name: kept[name] for name in MILK} == {name: [MILK[name]] for name in MILK}
        assert kept["event"] == form["event"]
        page = ewa.post(ADD, kept, follow=True)
    assert list(told(page)) == [("success", "“Mleko 3,2%” was added.")]
    assert Product.objects.count() == 1


def test_a_form_sent_twice_is_one_event(
    ewa: Client, consume: Consume, running_consumer: Running
) -> None:
    form = opened(ewa, ADD, **MILK)
    with running_consumer():
        for _ in range(2):
            page = ewa.post(ADD, form, follow=True)
            assert list(told(page)) == [("success", "“Mleko 3,2%” was added.")]
    assert (Product.objects.count(), Receipt.objects.count()) == (1, 1)


def test_other_values_under_the_same_event_are_not_called_applied(
    ewa: Client, running_consumer: Running
) -> None:
    form = opened(ewa, ADD, **MILK)
    with running_consumer():
        ewa.post(ADD, form, follow=True)
        page = ewa.post(ADD, form | {"price": "5,10"}, follow=True)
    [(level, text)] = told(page)
    assert level == "warning"
    assert "was not sent again" in text
    assert Product.objects.get().price == Decimal("4.90")


# Changing


def test_a_changed_product_shows_its_new_price(
    ewa: Client, stock: Stock, running_consumer: Running
) -> None:
    [milk] = stock("Mleko")
    address = change_of(milk)
    with running_consumer():
        page = ewa.post(address, opened(ewa, address, price="5.10"), follow=True)
    assert list(told(page)) == [("success", "“Mleko” was changed.")]
    assert "5.10" in page.content.decode()
    milk.refresh_from_db()
    assert (milk.price, milk.version) == (Decimal("5.10"), 2)


def test_description_and_unit_are_changed_and_taken_away(
    ewa: Client, publish: Publish, consume: Consume, running_consumer: Running
) -> None:
    publish(ProductAdded("Mleko", "nabiał", Decimal("4.90"), "Od krów\nz łąk.", "1 l"), "milk")
    consume()
    address = reverse("admin:catalog_product_change", args=["milk"])
    form = opened(ewa, address)
    assert (form["description"], form["unit"]) == (["Od krów\nz łąk."], ["1 l"])
    with running_consumer():
        ewa.post(address, form | {"unit": "0,5 l"}, follow=True)
        milk = Product.objects.get()
        assert (milk.description, milk.unit) == ("Od krów\nz łąk.", "0,5 l")
        form = opened(ewa, address, description="", unit="")
        page = ewa.post(address, form, follow=True)
    assert list(told(page)) == [("success", "“Mleko” was changed.")]
    milk.refresh_from_db()
    assert (milk.description, milk.unit, milk.version) == ("", "", 3)


def test_the_second_of_two_operators_is_told_what_stands_there_now(
    ewa: Client, stock: Stock, running_consumer: Running
) -> None:
    [milk] = stock("Mleko")
    jan, address = log_in("jan"), change_of(milk)
    stale = opened(jan, address, name="Mleko świeże")
    with running_consumer():
        ewa.post(address, opened(ewa, address, price="5.10"))
        page = jan.post(address, stale)
        assert page.status_code == 200
        text = page.content.decode()
        assert "Somebody changed this product while you were editing it." in text
        with translation.override("en"):
            now = f"What stands there now: {money(Decimal('5.10'))}"
        errors = page.context["adminform"].form.errors
        assert (errors["name"], errors["price"]) == (["What stands there now: Mleko"], [now])
        assert errors.keys() == {"__all__", "name", "price"}
        assert page.context["original"].name == "Mleko"
        again = form_of(page, "event")
        assert (again["name"], again["price"]) == (["Mleko świeże"], ["4.90"])
        assert again["event"] != stale["event"]
        page = jan.post(address, again, follow=True)
    assert list(told(page)) == [("success", "“Mleko świeże” was changed.")]
    milk.refresh_from_db()
    assert (milk.name, milk.price, milk.version) == ("Mleko świeże", Decimal("4.90"), 3)


def test_a_withdrawn_product_can_be_read_but_not_edited(
    ewa: Client, stock: Stock, publish: Publish, consume: Consume, running_consumer: Running
) -> None:
    [milk] = stock("Mleko")
    address = change_of(milk)
    form = opened(ewa, address, price="5.10")
    publish(ProductWithdrawn(), milk.pk)
    consume()
    page = ewa.get(address)
    assert "Mleko" in page.content.decode()
    assert not has_form(page, "event")
    assert withdrawal_of(milk) not in page.content.decode()
    with running_consumer():
        page = ewa.post(address, form)
    assert "This product is no longer sold." in page.content.decode()
    milk.refresh_from_db()
    assert (milk.price, milk.version) == (Decimal("4.90"), 2)


# Forged forms


@pytest.mark.parametrize("event", ["", "x", "a:b:c", "💣" * 1000, "\x00"])
def test_a_forged_event_id_has_no_effect(ewa: Client, consume: Consume, event: str) -> None:
    page = ewa.post(ADD, MILK | {"event": event})
    assert page.status_code == 200
    assert page.context["adminform"].form.errors
    assert consume() == 0


def test_an_event_id_of_another_form_has_no_effect(
    ewa: Client, stock: Stock, consume: Consume
) -> None:
    milk, bread = stock("Mleko", "Chleb")
    jan = log_in("jan")
    mine = opened(ewa, change_of(milk))
    foreign = [
        opened(jan, change_of(milk)),  # another operator's
        opened(ewa, change_of(bread)),  # another product's
        opened(ewa, ADD, **MILK, seen="1"),  # another form's
        mine | {"seen": "2"},  # another version
        mine | {"seen": "-1"},
        mine | {"seen": "9" * 5000},
        mine | {"seen": ""},
    ]
    for form in foreign:
        page = ewa.post(change_of(milk), form | {"name": "Kradzione"})
        assert page.status_code == 200
        assert "This form was made for somebody or something else." in page.content.decode()
    assert consume() == 0
    assert page.context["adminform"].form["name"].value() == "Kradzione"


def test_a_refused_form_can_be_sent_again(ewa: Client, running_consumer: Running) -> None:
    page = ewa.post(ADD, MILK | {"event": "x"})
    with running_consumer():
        page = ewa.post(ADD, form_of(page, "event"), follow=True)
    assert list(told(page)) == [("success", "“Mleko 3,2%” was added.")]


# Withdrawing


def test_delete_withdraws(ewa: Client, stock: Stock, running_consumer: Running) -> None:
    [milk] = stock("Mleko")
    confirmation = form_of(ewa.get(withdrawal_of(milk)), "confirmation")
    with running_consumer():
        for _ in range(2):  # a double click
            page = ewa.post(withdrawal_of(milk), confirmation, follow=True)
            assert list(told(page)) == [("success", "“Mleko” was withdrawn.")]
    milk.refresh_from_db()
    assert (milk.withdrawn, milk.version) == (True, 2)
    assert Receipt.objects.filter(type="shop.product.withdrawn.v1").count() == 1
    assert not LogEntry.objects.exists()
    page = ewa.get(withdrawal_of(milk), follow=True)
    assert page.redirect_chain == [(change_of(milk), 302)]
    assert list(told(page)) == [("error", "This product is no longer sold.")]


def test_the_chosen_products_are_withdrawn_and_counted_truthfully(
    ewa: Client, stock: Stock, publish: Publish, consume: Consume, running_consumer: Running
) -> None:
    milk, bread, sugar, _salt = stock("Mleko", "Chleb", "Cukier", "Sól")
    confirmation = chosen(ewa, milk, bread, sugar)
    assert consume() == 0  # so far nothing was sent
    publish(ProductWithdrawn(), bread.pk)
    consume()
    with running_consumer():
        page = ewa.post(f"{LIST}?withdrawn__exact=0", confirmation, follow=True)
    assert list(told(page)) == [
        ("success", "2 products were withdrawn."),
        ("error", "“Chleb” was not withdrawn: This product is no longer sold."),
    ]
    on_sale = Product.objects.filter(withdrawn=False).values_list("name", flat=True)
    assert list(on_sale) == ["Sól"]


def test_a_withdrawal_on_its_way_is_called_so(ewa: Client, stock: Stock, consume: Consume) -> None:
    confirmation = chosen(ewa, *stock("Mleko", "Chleb"))
    page = ewa.post(LIST, confirmation, follow=True)
    assert list(told(page)) == [("warning", "2 withdrawals were sent but are not yet applied.")]
    assert Product.objects.filter(withdrawn=False).count() == 2
    ewa.post(LIST, confirmation, follow=True)
    assert consume() == 4
    assert Receipt.objects.filter(type="shop.product.withdrawn.v1").count() == 2
    page = ewa.post(f"{LIST}?withdrawn__exact=0", confirmation, follow=True)
    assert list(told(page)) == [("success", "2 products were withdrawn.")]


def test_without_kafka_the_confirmation_stays(
    ewa: Client, stock: Stock, no_kafka: NoKafka, running_consumer: Running
) -> None:
    confirmation = chosen(ewa, *stock("Mleko", "Chleb"))
    with no_kafka():
        page = ewa.post(LIST, confirmation)
    assert page.status_code == 503
    [(level, text)] = told(page)
    assert (level, text[:8]) == ("error", "Not sent")
    again = form_of(page, "confirmation")
    assert again["confirmation"] == confirmation["confirmation"]
    with running_consumer():
        page = ewa.post(LIST, again, follow=True)
    assert list(told(page)) == [("success", "2 products were withdrawn.")]


def test_a_forged_confirmation_has_no_effect(ewa: Client, stock: Stock, consume: Consume) -> None:
    [milk] = stock("Mleko")
    foreign = form_of(log_in("jan").get(withdrawal_of(milk)), "confirmation")
    for confirmation in (foreign, foreign | {"confirmation": "x"}, {"confirmation": ""}):
        page = ewa.post(withdrawal_of(milk), confirmation)
        assert list(told(page)) == [
            ("error", "This confirmation was not given to you. Confirm again.")
        ]
        assert has_form(page, "confirmation")
    assert consume() == 0


def test_too_many_at_once(
    ewa: Client, stock: Stock, monkeypatch: pytest.MonkeyPatch, consume: Consume
) -> None:
    products = stock("Mleko", "Chleb", "Cukier")
    monkeypatch.setattr("catalog.admin.MOST_AT_ONCE", 2)
    data = {"action": "delete_selected", "_selected_action": [p.pk for p in products]}
    page = ewa.post(LIST, data, follow=True)
    assert list(told(page)) == [("error", "Choose at most 2 products at once.")]
    assert consume() == 0


def test_as_many_as_may_be_chosen_fit_a_form(settings: Settings) -> None:
    assert admin_withdrawal.MOST_AT_ONCE < settings.DATA_UPLOAD_MAX_NUMBER_FIELDS - 10


def test_nobody_withdraws_without_permission(db: None, stock: Stock, consume: Consume) -> None:
    [milk] = stock("Mleko")
    guest = browser_of(Operator.objects.create_user("gość", is_staff=True))
    for address in (ADD, LIST, change_of(milk), withdrawal_of(milk)):
        assert guest.get(address).status_code == 403
        assert guest.post(address, MILK | {"action": "delete_selected"}).status_code == 403
    assert consume() == 0


@pytest.mark.parametrize("page", ["delete", "history"])
def test_an_unknown_product_has_no_page(ewa: Client, page: str) -> None:
    assert ewa.get(f"{LIST}nowhere/{page}/").status_code == 404


def test_an_unknown_product_cannot_be_changed(ewa: Client, consume: Consume) -> None:
    form = opened(ewa, ADD, **MILK)
    page = ewa.post(f"{LIST}nowhere/change/", form, follow=True)
    assert [level for level, _text in told(page)] == ["warning"]
    assert consume() == 0


# The list


def shown(page: Any) -> list[str]:
    """Return the names that the list shows, in its order."""
    return [product.name for product in page.context["cl"].result_list]


def test_the_list_is_searched_filtered_and_sorted(
    ewa: Client, publish: Publish, consume: Consume
) -> None:
    for name, kind, price in [
        ("Żurek", "zupy", "7.00"),
        ("Łosoś wędzony", "ryby", "19.99"),
        ("Lody", "desery", "9.00"),
    ]:
        publish(ProductAdded(name, kind, Decimal(price)), name)
    publish(ProductWithdrawn(), "Żurek")
    consume()
    assert shown(ewa.get(LIST)) == ["Lody", "Łosoś wędzony", "Żurek"]
    assert shown(ewa.get(f"{LIST}?q=LOS wedz")) == ["Łosoś wędzony"]
    assert shown(ewa.get(f"{LIST}?q=nic")) == []
    assert shown(ewa.get(f"{LIST}?type=ryby")) == ["Łosoś wędzony"]
    assert shown(ewa.get(f"{LIST}?withdrawn__exact=1")) == ["Żurek"]
    assert shown(ewa.get(f"{LIST}?o=-3")) == ["Łosoś wędzony", "Lody", "Żurek"]
    added = Product.objects.get(pk="Lody").added_at
    assert len(shown(ewa.get(f"{LIST}?added_at__year={added.year}"))) == 3
    assert shown(ewa.get(f"{LIST}?added_at__year=2001")) == []


def test_history_shows_the_receipts(ewa: Client, stock: Stock) -> None:
    milk, _bread = stock("Mleko", "Chleb")
    page = ewa.get(reverse("admin:catalog_product_history", args=[milk.pk]))
    assert [receipt.key for receipt in page.context["timeline"].receipts] == [milk.pk]
