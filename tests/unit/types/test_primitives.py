"""The primitive types, with values that nobody thought of."""

import string
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from ocpi import wire
from ocpi.types.primitives import (
    CiText,
    DateTime,
    Number,
    Price,
    Text,
    Url,
    ZeroOrMore,
    format_datetime,
    parse_datetime,
    same,
)

DATETIME = TypeAdapter[datetime](DateTime)
NUMBER = TypeAdapter[Decimal](Number)
URL = TypeAdapter[str](Url)
CISTRING = TypeAdapter[str](CiText)
STRING = TypeAdapter[str](Text)

unhurried = settings(deadline=None)
"""A busy machine is no failure."""

MOMENTS = st.datetimes(timezones=st.just(UTC))
PRINTABLE_ASCII = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1)
AMOUNTS = st.decimals(min_value=-(10**9), max_value=10**9, places=6)


def refused(adapter: TypeAdapter[Any], value: object) -> bool:
    try:
        adapter.validate_python(value)
    except ValidationError:
        return True
    return False


@pytest.mark.requirement("TYP-06", "TYP-07")
@unhurried
@given(MOMENTS)
def test_a_time_is_written_in_25_characters_of_utc_and_read_again(moment: datetime) -> None:
    text = format_datetime(moment)
    assert len(text) <= 25
    assert text.endswith("Z")
    milliseconds = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    assert DATETIME.validate_python(text) == milliseconds


@pytest.mark.requirement("TYP-07", "TYP-09")
@unhurried
@given(MOMENTS, st.text(string.digits, max_size=4), st.sampled_from(["", "Z"]))
def test_a_time_is_utc_with_or_without_fraction_and_z(moment: datetime, fraction: str, designator: str) -> None:
    whole = moment.replace(microsecond=0)
    text = f"{whole.replace(tzinfo=None).isoformat()}{'.' if fraction else ''}{fraction}{designator}"
    microseconds = int(fraction.ljust(6, "0"))
    assert parse_datetime(text) == whole + timedelta(microseconds=microseconds)


@pytest.mark.requirement("TYP-06", "TYP-08")
@unhurried
@given(MOMENTS, st.sampled_from(["+00:00", "-00:00", "+01:00", "+0100", " Z", "z", "\n", ".Z", ".1234567"]))
def test_a_time_with_an_offset_or_anything_else_behind_it_is_refused(moment: datetime, ending: str) -> None:
    text = moment.replace(microsecond=0, tzinfo=None).isoformat()
    assert refused(DATETIME, text + ending)
    assert refused(DATETIME, text.replace("T", " "))
    assert refused(DATETIME, text.replace("T", "t"))


@pytest.mark.requirement("TYP-10")
@unhurried
@given(AMOUNTS)
def test_an_amount_keeps_every_digit_from_text_to_text(amount: Decimal) -> None:
    text = b'{"excl_vat":' + str(amount).encode() + b"}"
    assert wire.dumps(Price.model_validate(wire.loads(text))) == text


@pytest.mark.requirement("TYP-10")
@unhurried
@given(st.one_of(AMOUNTS.map(str), st.booleans(), st.sampled_from([float("nan"), float("inf"), Decimal("sNaN")])))
def test_a_number_is_neither_a_string_nor_a_truth_value_and_finite(value: object) -> None:
    assert refused(NUMBER, value)


@pytest.mark.requirement("TYP-10")
@unhurried
@given(st.integers(-(10**13), 10**13))
def test_a_float_is_read_as_the_decimal_that_it_shows(ten_thousandths: int) -> None:
    exact = Decimal(ten_thousandths).scaleb(-4)
    assert NUMBER.validate_python(float(exact)) == exact


@pytest.mark.requirement("TYP-02")
@unhurried
@given(PRINTABLE_ASCII, st.text(min_size=1))
def test_a_cistring_is_printable_ascii(printable: str, anything: str) -> None:
    assert CISTRING.validate_python(printable) == printable
    assert refused(CISTRING, anything) is not (anything.isascii() and anything.isprintable())


@pytest.mark.requirement("TYP-01")
@unhurried
@given(PRINTABLE_ASCII)
def test_cistrings_are_the_same_whatever_their_case(text: str) -> None:
    assert same(text.upper(), text.lower())
    assert not same(text, text + "x")


@pytest.mark.requirement("TYP-03")
@unhurried
@given(st.text(st.characters(exclude_categories=["C"])), st.characters(categories=["Cc"]))
def test_a_string_takes_all_of_unicode_but_no_control_characters(text: str, control: str) -> None:
    assert STRING.validate_python(text) == text
    assert refused(STRING, text + control)
    assert refused(STRING, control + text)


@pytest.mark.requirement("TYP-13")
@unhurried
@given(
    st.sampled_from(["http", "https", "HTTPS"]),
    st.from_regex(r"[a-z0-9.-]{1,40}(:[0-9]{1,4})?", fullmatch=True),
    st.from_regex(r"(/[a-z0-9%._~-]{0,20}){0,3}(\?[a-z0-9=&%]{0,40})?", fullmatch=True),
)
def test_a_url_is_absolute_and_without_spaces(scheme: str, host: str, path: str) -> None:
    url = f"{scheme}://{host}{path}"
    assert URL.validate_python(url) == url
    for wrong in (
        f"{host}{path}",
        f"//{host}{path}",
        f"{scheme}://",
        f"{scheme}://[::1",
        f"{scheme}://example.com:65536/",
        f"{url} ",
        f" {url}",
        f"ftp://{host}",
        f"{url}\n",
    ):
        assert refused(URL, wrong)


@pytest.mark.requirement("TYP-16")
def test_a_list_may_be_null() -> None:
    assert TypeAdapter[list[str]](ZeroOrMore[CiText]).validate_python(None) == []
