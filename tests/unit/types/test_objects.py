"""Every class and enum of the specification against our models: fields, cardinality, types, lengths and values."""

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from ocpi import wire
from ocpi.transport.status import OcpiError, StatusCode
from ocpi.transport.validation import validated
from ocpi.types.primitives import parse_datetime

OBJECTS = json.loads((Path(__file__).parents[2] / "conformance" / "objects.json").read_text())
CLASSES: dict[str, Any] = OBJECTS["classes"]
ENUMS: dict[str, list[str]] = OBJECTS["enums"]

MODULES = {"types": "primitives", "transport": "responses"}
"""Where a module of the specification is not ours by the same name."""

OPEN_ENUMS = {
    "Version.version": "the list of a partner may hold a version of the future (VER-02)",
    "VersionDetails.version": "as in the list of versions",
    "Endpoint.identifier": "partners may agree on modules of their own (VER-10)",
}
LONGER = {
    "CdrLocation.address": 255,  # CPOs copy what a Location allows; cut where we send it
    "CdrLocation.state": 45,
}
NOT_EMPTY = {"ChargingProfile.charging_profile_period"}
"""A profile without a period would set no limit at all."""

ANYTHING = {"Response.data"}

RATES = {"limit", "min_charging_rate"}
"""Numbers with at most one decimal (CHP-23)."""

RULES: dict[str, list[str]] = {
    "DisplayText": ["TYP-14"],
    "Price": ["TYP-11"],
    "Endpoint": ["VER-05"],
    "Credentials": ["CRE-24"],
    "CredentialsRole": ["CRE-24"],
    "Location": ["LOC-21"],
    "EVSE": ["LOC-31"],
    "Connector": ["LOC-32"],
    "Image": ["LOC-42"],
    "Session": ["SES-20"],
    "ChargingPreferences": ["SES-07"],
    "CDR": ["CDR-13"],
    "CdrToken": ["CDR-15"],
    "SignedData": ["CDR-36"],
    "SignedValue": ["CDR-36"],
    "Tariff": ["TAR-08"],
    "TariffElement": ["TAR-08"],
    "PriceComponent": ["TAR-08"],
    "Token": ["TOK-22"],
    "StartSession": ["CMD-13"],
    "ReserveNow": ["CMD-21"],
    "StopSession": ["CMD-27"],
    "UnlockConnector": ["CMD-28"],
}
"""Rules that say what an object requires."""

SAMPLES: dict[str, object] = {
    "country_code": "NL",
    "country": "NLD",
    "currency": "EUR",
    "language": "nl",
    "latitude": "52.0895012",
    "longitude": "105.1099012",
    "time_zone": "Europe/Amsterdam",
    "RegularHours.period_begin": "08:00",
    "RegularHours.period_end": "18:00",
    "start_time": "08:00",
    "end_time": "18:00",
    "start_date": "2026-11-22",
    "end_date": "2026-11-23",
    "start_period": 0,
    "status_code": 1000,
    "twentyfourseven": True,
    "CdrDimension.type": "ENERGY",
    "Credentials.token": "t" * 64,
}
"""Values of fields that have a format of their own."""

COMPANIONS: dict[str, dict[str, object]] = {
    "PublishTokenType": {"group_id": "G1"},
    "PublishTokenType.uid": {"type": "RFID"},
    "PublishTokenType.visual_number": {"issuer": "TNM"},
    "Location": {"publish": False},
    "CDR": {"id": "C1"},
    "CDR.id": {"credit": True, "credit_reference_id": "C0"},
    "CDR.credit": {"credit_reference_id": "C0"},
    "CDR.credit_reference_id": {"credit": True},
    "StartSession.connector_id": {"evse_uid": "E1"},
    "ChargingProfile": {"charging_profile_period": [{"start_period": 0, "limit": 16}]},
}
"""What a class, or one of its fields, only goes with."""

PRIMITIVES: dict[str, object] = {
    "CiString": "a",
    "string": "a",
    "DateTime": "2026-11-22T08:00:00Z",
    "URL": "https://example.com",
    "number": Decimal("1.5"),
    "int": 1,
    "boolean": True,
    "any": "a",
}
LENGTHY = {"DateTime": "2026-11-22T08:00:00.0000Z", "URL": "https://example.com/"}
WRONG: dict[str, list[object]] = {
    "CiString": [1, True, {}, ["a"], "é", "a\n", "", "a\x00"],
    "string": [1, True, {}, ["a"], "a\n", "a\x7f"],
    "DateTime": [1, True, {}, "", "2026-11-22", "2026-11-22 08:00:00", "2026-11-22T08:00:00+00:00"],
    "URL": [1, True, {}, "", "example.com", "/ocpi/versions", "ftp://example.com", "https://", "https://exa mple.com"],
    "number": ["1.5", True, {}, []],
    "int": ["1", Decimal("1.5"), Decimal("1.0"), True, {}, []],
    "boolean": ["true", 1, 0, {}],
    "class": ["a", 1, True, []],
    "enum": ["", "NO_SUCH_VALUE", 1, True, {}, []],
}

type Field = dict[str, Any]


CLASSES_WITH_RULES = [
    pytest.param(name, marks=[pytest.mark.requirement(*RULES[name])] if name in RULES else []) for name in CLASSES
]


def having(feature: Callable[[Field], object]) -> list[str]:
    """The classes with at least one such field."""
    return [name for name in CLASSES if any(feature(field) for field in CLASSES[name]["fields"])]


def ours(name: str, module: str) -> Any:
    return getattr(import_module(f"ocpi.types.{MODULES.get(module, module)}"), name)


def model(name: str) -> type[BaseModel]:
    found: type[BaseModel] = ours(name, CLASSES[name]["module"])
    return found


def fields(name: str) -> Iterator[tuple[str, Field]]:
    """The fields of a class, each with its full name."""
    for field in CLASSES[name]["fields"]:
        yield f"{name}.{field['name']}", field


def kind(key: str, field: Field) -> str:
    """The primitive that a field holds; "class" or "enum" for what the specification defines itself."""
    if key in OPEN_ENUMS:
        return "CiString"
    if field["type"] in CLASSES:
        return "class"
    return "enum" if field["type"] in ENUMS else field["type"]


def item(key: str, field: Field) -> object:
    """A right value of a field, or of one entry of its list."""
    sample = SAMPLES.get(key, SAMPLES.get(field["name"]))
    match kind(key, field):
        case "class":
            return minimal(field["type"])
        case "enum":
            return sample or ENUMS[field["type"]][0]
        case primitive:
            return PRIMITIVES[primitive] if sample is None else sample


def value(key: str, field: Field) -> object:
    return [item(key, field)] if field["cardinality"] in "*+" else item(key, field)


def minimal(name: str) -> dict[str, object]:
    """An object with its required fields only."""
    required = {f["name"]: value(key, f) for key, f in fields(name) if f["cardinality"] in "1+"}
    return required | COMPANIONS.get(name, {})


def full(name: str) -> dict[str, object]:
    """An object with every field that goes with the others."""
    return {f["name"]: value(key, f) for key, f in fields(name)} | COMPANIONS.get(name, {})


def with_field(key: str, new: object) -> dict[str, object]:
    """The minimal object with one field set."""
    name, _, field = key.partition(".")
    return minimal(name) | COMPANIONS.get(key, {}) | {field: new}


def accepts(name: str, document: dict[str, object]) -> BaseModel:
    """`document` goes through as JSON, comes back the same, and nothing of it is lost."""
    text = wire.dumps(document)
    parsed = validated(model(name), wire.loads(text))
    again = wire.loads(wire.dumps(parsed))
    assert contains(again, wire.loads(text)), f"{name}: {document} became {again}"
    return parsed


def contains(big: Any, small: Any) -> bool:
    """Whether all of `small` is in `big`, to the last digit; `big` may have empty lists besides."""
    if isinstance(small, dict):
        return all(item is None or contains(big[name], item) for name, item in small.items())
    if isinstance(small, list):
        return len(big) == len(small) and all(map(contains, big, small))
    return (type(big), str(big)) == (type(small), str(small)) or same_moment(big, small)


def same_moment(big: Any, small: Any) -> bool:
    """Times are written in one way only."""
    try:
        return parse_datetime(big) == parse_datetime(small)
    except (TypeError, ValueError):
        return False


def refuses(key: str, document: dict[str, object]) -> None:
    """`document` is refused with 2001, at the field's JSON Pointer."""
    name, _, field = key.partition(".")
    with pytest.raises(OcpiError) as refusal:
        validated(model(name), document)
    assert refusal.value.status_code == StatusCode.INVALID_PARAMETERS
    assert refusal.value.message.startswith((f"/{field}: ", f"/{field}/")), f"{key}: {refusal.value.message}"


@pytest.mark.requirement("TYP-17")
@pytest.mark.parametrize("name", CLASSES)
def test_a_class_has_the_fields_of_the_specification_and_no_others(name: str) -> None:
    assert list(model(name).model_fields) == [field["name"] for _, field in fields(name)]


@pytest.mark.requirement("TYP-04", "TYP-12")
def test_an_enum_has_the_values_of_the_specification_and_no_others() -> None:
    assert {name: [str(v) for v in ours(name, OBJECTS["enum_meta"][name]["module"])] for name in ENUMS} == ENUMS


@pytest.mark.parametrize("name", CLASSES)
def test_a_field_is_declared_with_its_cardinality_type_and_length(name: str) -> None:
    schema = model(name).model_json_schema()
    for key, field in fields(name):
        assert (field["name"] in schema.get("required", [])) is (field["cardinality"] in "1+"), key
        if key not in ANYTHING:
            assert_declared(key, field, one_of(key, field, schema))


def one_of(key: str, field: Field, schema: Any) -> Any:
    """The schema of a field's value, or of one entry of its list."""
    declared = schema["properties"][field["name"]]
    if field["cardinality"] == "?":
        *values, null = declared["anyOf"]
        assert null == {"type": "null"}, key
        return values[0] if len(values) == 1 else {"anyOf": values}
    if field["cardinality"] in "*+":
        declared = schema["$defs"][declared["$ref"].rpartition("/")[2]]
        assert declared["type"] == "array", key
        assert declared.get("minItems", 0) == (field["cardinality"] == "+"), key
        return declared["items"]
    return declared


def assert_declared(key: str, field: Field, declared: Any) -> None:
    match kind(key, field):
        case "class" | "enum":
            assert declared["$ref"] == f"#/$defs/{field['type']}", key
        case "DateTime":
            assert (declared["type"], declared["format"]) == ("string", "date-time"), key
        case "number":
            assert declared["anyOf"][0]["type"] == "number", key
        case "int":
            assert declared["type"] == "integer", key
        case "boolean":
            assert declared["type"] == "boolean", key
        case _:
            assert declared["type"] == "string", key
            assert declared.get("maxLength") == LONGER.get(key, field["max_length"]), key


@pytest.mark.requirement("TYP-15")
@pytest.mark.parametrize("name", CLASSES_WITH_RULES)
def test_a_required_field_must_be_there(name: str) -> None:
    accepts(name, minimal(name))
    for key, field in fields(name):
        if field["cardinality"] not in "1+":
            continue
        refuses(key, {n: v for n, v in minimal(name).items() if n != field["name"]})
        refuses(key, with_field(key, None))
        if field["cardinality"] == "+":
            refuses(key, with_field(key, []))


@pytest.mark.requirement("TYP-16")
@pytest.mark.parametrize("name", having(lambda field: field["cardinality"] in "?*"))
def test_an_optional_field_may_be_null_or_absent_and_a_list_empty_too(name: str) -> None:
    absent = validated(model(name), minimal(name))
    for key, field in fields(name):
        if field["cardinality"] not in "?*" or key in NOT_EMPTY or field["name"] in COMPANIONS.get(name, {}):
            continue
        spellings: list[object] = [None, []] if field["cardinality"] == "*" else [None]
        for spelling in spellings:
            parsed = validated(model(name), minimal(name) | {field["name"]: spelling})
            assert getattr(parsed, field["name"]) == getattr(absent, field["name"]), key
        assert getattr(absent, field["name"]) == spellings[-1], key


@pytest.mark.requirement("TYP-05")
@pytest.mark.parametrize("name", having(lambda field: field["max_length"]))
def test_a_field_may_be_as_long_as_the_specification_says_and_no_longer(name: str) -> None:
    for key, field in fields(name):
        longest = LONGER.get(key, field["max_length"])
        if longest is None:
            continue
        right, wrong = lengthy(key, field, longest)
        many = field["cardinality"] in "*+"
        accepts(name, with_field(key, [right] if many else right))
        refuses(key, with_field(key, [wrong] if many else wrong))


def lengthy(key: str, field: Field, longest: int) -> tuple[object, object]:
    """The longest value of a field, and one that is too long by one character or digit."""
    sample = SAMPLES.get(key, SAMPLES.get(field["name"]))
    if field["type"] == "int":
        return (7, 10) if field["name"] == "weekday" else (10**longest - 1, 10**longest)
    if isinstance(sample, str):
        assert len(sample) == longest or field["name"] == "time_zone", key
        return sample, sample + sample[-1]
    if field["type"] == "DateTime":
        text = LENGTHY["DateTime"]
        return text, text.replace("Z", "0Z")
    letter = "é" if field["type"] == "string" else "x"
    text = LENGTHY.get(field["type"], "").ljust(longest, letter)
    return text, text + letter


@pytest.mark.requirement("TYP-02", "TYP-03", "TYP-04", "TYP-10", "TYP-13")
@pytest.mark.parametrize("name", CLASSES)
def test_a_field_takes_no_other_type_of_value(name: str) -> None:
    for key, field in fields(name):
        if key in ANYTHING:
            continue
        wrong = list(WRONG[kind(key, field)])
        if kind(key, field) == "enum":
            wrong.append(str(item(key, field)).lower())
        if field["cardinality"] in "*+":
            for each in (*wrong, None):
                refuses(key, with_field(key, [each]))
            wrong = ["a", 1, True, {}]
        for each in wrong:
            refuses(key, with_field(key, each))


@pytest.mark.requirement("TYP-04")
@pytest.mark.parametrize("name", having(lambda field: field["type"] in ENUMS))
def test_a_field_takes_every_value_of_its_enum(name: str) -> None:
    for key, field in fields(name):
        for each in ENUMS.get(field["type"], ()):
            accepts(name, with_field(key, [each] if field["cardinality"] in "*+" else each))


@pytest.mark.requirement("TYP-10")
@pytest.mark.parametrize("name", having(lambda field: field["type"] == "number"))
def test_a_number_keeps_all_its_digits(name: str) -> None:
    for key, field in fields(name):
        if field["type"] == "number":
            accepts(name, with_field(key, Decimal("8.1" if field["name"] in RATES else "12.3450")))


@pytest.mark.parametrize("name", CLASSES)
def test_fields_that_the_specification_does_not_know_are_kept(name: str) -> None:
    accepts(name, full(name) | {"x_vendor": {"depth": [1, Decimal("0.10"), "text", {"y": True}]}})
