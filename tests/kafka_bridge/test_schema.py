"""The contract about events: its files are up to date, its schemas say what decoding does."""

import json
import re
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest
from django.core.management import CommandError, call_command
from hypothesis import assume, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from msgspec import Meta

from kafka_bridge import asyncapi, contract, registry, schema
from kafka_bridge.registry import Event, EventType
from tests import golden, strategies

TYPES = sorted(registry.event_types.values())
each_type = pytest.mark.parametrize("known", TYPES, ids=lambda known: known.name)


def fits(known: EventType, value: Any) -> bool:
    """Whether a value fits the schema of a type."""
    return Draft202012Validator(schema.of(known)).is_valid(value)


def decodes(known: EventType, value: Any) -> bool:
    """Whether today's code reads a value as an event of the type."""
    try:
        known.decoder.decode(json.dumps(value).encode())
    except msgspec.DecodeError:
        return False
    return True


def test_docs_events_is_up_to_date() -> None:
    assert contract.outdated() == [], "run `manage.py schema`"
    call_command("schema", "--check")


def test_nothing_breaks_what_was_released() -> None:
    assert list(contract.breaks()) == []


def test_each_type_was_released() -> None:
    released = {path.stem for path in contract.RELEASED.glob("*.json")}
    assert released == set(registry.event_types), "run `manage.py schema --release`"


@each_type
def test_schemas_are_json_schemas_of_2020_12(known: EventType) -> None:
    Draft202012Validator.check_schema(schema.of(known))
    assert json.loads(contract.files()[f"{known.name}.json"])["$schema"] == schema.DIALECT


@each_type
def test_examples_and_stored_messages_fit(known: EventType) -> None:
    assert fits(known, schema.example(schema.of(known)))
    assert fits(known, msgspec.json.decode(golden.load(known.name).value))


@each_type
def test_each_type_says_what_it_is_and_what_its_key_is(known: EventType) -> None:
    assert schema.summary(known.struct).endswith(".")
    assert known.struct.key
    assert known.struct.key_example


@each_type
@given(data=st.data())
def test_what_the_shop_writes_fits_the_schema(known: EventType, data: st.DataObject) -> None:
    event = data.draw(strategies.EVENTS[known.struct])
    assert fits(known, msgspec.json.decode(msgspec.json.encode(event)))


@each_type
@given(data=st.data())
def test_the_schema_and_the_code_agree_on_any_field(known: EventType, data: st.DataObject) -> None:
    value = schema.example(schema.of(known))
    if not value:
        return
    field = data.draw(st.sampled_from(sorted(value)))
    drawn = data.draw(strategies.json_values)
    # JSON Schema takes 2.0 for an integer: the one difference, which the rules state.
    assume(not (isinstance(drawn, float) and drawn.is_integer()))
    changed = {**value, field: drawn}
    assert fits(known, changed) == decodes(known, changed)


@each_type
def test_the_schema_and_the_code_agree_on_missing_and_unknown_fields(known: EventType) -> None:
    value = schema.example(schema.of(known))
    assert decodes(known, {**value, "colour": "green"})
    assert fits(known, {**value, "colour": "green"})
    for field in value:
        less = {name: told for name, told in value.items() if name != field}
        assert fits(known, less) == decodes(known, less)


NEAR = ["0.00", "0.01", "4.9", "4.90\n", " ", "a\n", "a\u2028", "a\x85", "x" * 201, "", "!", 0, 1.5]


@each_type
@pytest.mark.parametrize("near", NEAR, ids=ascii)
def test_the_schema_and_the_code_agree_on_values_at_the_edge(known: EventType, near: Any) -> None:
    value = schema.example(schema.of(known))
    for field in value:
        changed = {**value, field: near}
        assert fits(known, changed) == decodes(known, changed), field


def test_an_integer_is_written_without_a_decimal_point() -> None:
    known = registry.event_types["shop.product.bought.v1"]
    assert not decodes(known, {**schema.example(schema.of(known)), "quantity": 2.0})


def test_personal_fields_are_marked() -> None:
    registered = schema.of(registry.event_types["shop.customer.registered.v1"])["properties"]
    assert registered["email"]["x-personal"]
    bought = schema.of(registry.event_types["shop.product.bought.v1"])["properties"]
    assert not any("x-personal" in field for field in bought.values())


# What breaks a released schema.


class Base(Event, frozen=True):
    """A released event."""

    name: Annotated[str, Meta(max_length=10, examples=["a"])]
    price: Decimal
    note: str = ""


def schema_of(struct: type[Event]) -> schema.Schema:
    """Return the schema that a struct would have as the next state of the type."""
    return schema.of(EventType("t.v1", struct, msgspec.json.Decoder(struct)))


def broken_by(struct: type[Event]) -> list[str]:
    """Return what changing the released type into this one breaks."""
    return schema.breaks(schema_of(Base), schema_of(struct))


def test_new_words_and_a_new_optional_field_break_nothing() -> None:
    class Wordy(Event, frozen=True):
        """The same in other words."""

        name: Annotated[str, Meta(max_length=10, examples=["b"], description="said")]
        price: Decimal
        note: str = ""
        colour: str | None = None

    assert broken_by(Base) == []
    assert broken_by(Wordy) == []


def test_a_removed_field_breaks() -> None:
    class Less(Event, frozen=True):
        """One field less."""

        name: Annotated[str, Meta(max_length=10)]
        note: str = ""

    assert broken_by(Less) == ["t.v1: price was removed: make a v2 and an upcaster"]


def test_a_retyped_a_narrowed_and_a_widened_field_break() -> None:
    class Other(Event, frozen=True):
        """Three fields that hold something else."""

        name: Annotated[str, Meta(max_length=11)]
        price: float
        note: Annotated[str, Meta(min_length=1)] = ""

    assert broken_by(Other) == [
        f"t.v1: {name} was retyped: make a v2 and an upcaster" for name in ("name", "price", "note")
    ]


def test_a_field_that_must_or_need_not_be_there_from_now_on_breaks() -> None:
    class Strict(Event, frozen=True, kw_only=True):
        """More and other fields are required."""

        name: Annotated[str, Meta(max_length=10)]
        price: Decimal
        note: str = ""
        colour: str

    class Loose(Event, frozen=True):
        """Less is required."""

        name: Annotated[str, Meta(max_length=10)]
        price: Decimal = Decimal(1)
        note: str = ""

    assert broken_by(Strict) == ["t.v1: colour is required now: make a v2 and an upcaster"]
    assert "t.v1: price is no longer required: make a v2 and an upcaster" in broken_by(Loose)


def test_a_type_that_is_gone_breaks(tmp_path: Path) -> None:
    (tmp_path / "shop.gone.v1.json").write_text("{}")
    (said,) = contract.breaks(tmp_path)
    assert "shop.gone.v1: the type was removed" in said


def test_the_command_refuses_to_write_what_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contract, "breaks", lambda: ["t.v1: price was removed: make a v2"])
    monkeypatch.setattr(contract, "write", lambda: pytest.fail("it wrote"))
    with pytest.raises(CommandError, match="make a v2"):
        call_command("schema")


def test_files_that_differ_are_missing_or_are_too_many_are_told(tmp_path: Path) -> None:
    contract.write(tmp_path)
    assert contract.outdated(tmp_path) == []
    (tmp_path / "asyncapi.json").write_text("{}")
    (tmp_path / "shop.product.added.v1.json").unlink()
    (tmp_path / "shop.gone.v1.json").write_text("{}")
    assert contract.outdated(tmp_path) == [
        "asyncapi.json",
        "shop.gone.v1.json",
        "shop.product.added.v1.json",
    ]
    contract.write(tmp_path)
    assert contract.outdated(tmp_path) == []


def test_the_check_fails_if_a_file_is_out_of_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract.write(tmp_path)
    (tmp_path / "asyncapi.json").write_text("{}")
    monkeypatch.setattr(contract, "outdated", lambda: ["asyncapi.json"])
    with pytest.raises(CommandError, match=re.escape("Out of date in docs/events: asyncapi.json")):
        call_command("schema", "--check")


# The AsyncAPI document.


def resolved(document: Any, node: Any) -> Any:
    """Follow references within a document."""
    while "$ref" in node:
        parts = node["$ref"].removeprefix("#/").split("/")
        node = document
        for part in parts:
            node = node[part]
    return node


def test_every_operation_leads_to_every_type() -> None:
    document = asyncapi.document()
    for operation in document["operations"].values():
        names = [
            resolved(document, resolved(document, node))["name"] for node in operation["messages"]
        ]
        assert names == sorted(registry.event_types)


@each_type
def test_the_examples_in_the_document_validate(known: EventType) -> None:
    document = asyncapi.document()
    message = document["components"]["messages"][known.name]
    (example,) = message["examples"]
    checker = Draft202012Validator.FORMAT_CHECKER
    headers = Draft202012Validator(message["headers"], format_checker=checker)
    headers.validate(example["headers"])
    Draft202012Validator(resolved(document, message["payload"])).validate(example["payload"])
    key = message["bindings"]["kafka"]["key"]
    Draft202012Validator(key).validate(example["headers"]["ce_subject"])


@each_type
def test_the_headers_of_stored_messages_fit_the_document(known: EventType) -> None:
    told = {name: value.decode() for name, value in golden.load(known.name).headers}  # type: ignore[union-attr]
    Draft202012Validator(asyncapi.headers(known)).validate(told)


@pytest.mark.slow
def test_the_public_parser_finds_the_document_valid(node: Path) -> None:
    document = contract.FOLDER / "asyncapi.json"
    checked = subprocess.run(
        ["node", "asyncapi.mjs", str(document)],
        cwd=node,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"{len(registry.event_types)} messages, valid." in checked.stdout
