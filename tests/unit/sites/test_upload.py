"""Files of prices and forecasts: what spreadsheets write is read, and what may be wrong is told by its line."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocpi.sites.series import SeriesKind
from ocpi.sites.site import GRID, Site, SiteError, parse_site
from ocpi.sites.steps import Step, Steps
from ocpi.sites.upload import MOST_BYTES, check_measured_at, odd, odd_measurement, read_series
from ocpi.sites.upload_rows import UploadError
from tests.objects import SITE

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
HOUR = timedelta(hours=1)
NOW = datetime(2026, 11, 22, 13, tzinfo=UTC)
JSON = "application/json"


def read(
    text: str | bytes,
    kind: SeriesKind = SeriesKind.PRICE,
    content_type: str = "text/csv",
    zone: ZoneInfo = AMSTERDAM,
) -> Steps:
    return read_series(kind, text.encode() if isinstance(text, str) else text, content_type, zone)


def problems(text: str | bytes, kind: SeriesKind = SeriesKind.PRICE, content_type: str = "text/csv") -> list[str]:
    with pytest.raises(UploadError) as refused:
        read(text, kind, content_type)
    return list(refused.value.problems)


def a_day(
    day: str = "2026-11-23",
    hours: Sequence[int] = range(24),
    line: Callable[[str, int], str] = lambda day, hour: f"{day} {hour:02}:00,0.{hour + 10}",
    end: str = "\n",
) -> str:
    """A line for each hour."""
    return "".join(line(day, hour) + end for hour in hours)


def as_expected(steps: Steps) -> None:
    """The day of :func:`a_day`."""
    assert [step.value for step in steps] == [pytest.approx((hour + 10) / 100) for hour in range(24)]
    assert steps[0].start == datetime(2026, 11, 22, 23, tzinfo=UTC)
    assert steps[-1].end == datetime(2026, 11, 23, 23, tzinfo=UTC)


# What is read


def _next(day: str, hour: int) -> str:
    return f"{datetime.fromisoformat(day) + (hour + 1) * HOUR:%Y-%m-%d %H:%M}"


def with_semicolons(day: str, hour: int) -> str:
    return f"{day} {hour}:00;0,{hour + 10}"


GERMAN = a_day("23.11.2026", line=with_semicolons, end="\r\n")
MWH = a_day(line=lambda day, hour: f"{day} {hour}:00,{hour + 10}0")

ALIKE: dict[str, str | bytes] = {
    "two columns": a_day(),
    "as Excel writes it in Germany": f"Zeit;Preis (EUR/kWh)\r\n{GERMAN}",
    "with a byte order mark": f"\ufeffstart;value\r\n{GERMAN}".encode(),
    "with columns that have nothing": GERMAN.replace("\r\n", ";;\r\n"),
    "with the separator told": f"sep=;\r\n{GERMAN}",
    "with blank lines": f"\n{a_day(end='\n\n')}\n",
    "of an old Mac": a_day(end="\r"),
    "as Unicode text of Excel": f"Zeit\tPreis\r\n{GERMAN.replace(';', '\t')}".encode("utf-16"),
    "with quotes": a_day(line=lambda day, hour: f'"{day} {hour}:00","0,{hour + 10}"'),
    "days first with dashes": a_day("23-11-2026", line=with_semicolons),
    "prices of a MWh": f"start,Day-ahead Price [EUR/MWh]\n{MWH}",
    "with offsets": a_day(line=lambda day, hour: f"{day}T{hour:02}:00:00+01:00,0.{hour + 10}"),
    "with ends": a_day(line=lambda day, hour: f"{day} {hour}:00,{_next(day, hour)},0.{hour + 10}"),
    "with other columns": "zone,end,start,price_per_kwh\n"
    + a_day(line=lambda day, hour: f"NL,{_next(day, hour)},{day} {hour}:00,0.{hour + 10}"),
    "in UTC by its name": "start_utc,value\n2026-11-22 23:00,0.10\n"
    + a_day(hours=range(23), line=lambda day, hour: f"{day} {hour:02}:00,0.{hour + 11}"),
}


@pytest.mark.parametrize("text", ALIKE.values(), ids=ALIKE)
def test_the_same_prices_are_read_however_they_are_written(text: str | bytes) -> None:
    as_expected(read(text))


@pytest.mark.parametrize("name", ["value", "price_per_kwh", "kw"])
def test_json_says_the_same(name: str) -> None:
    entries = [{"start": f"2026-11-23T{hour:02}:00", name: (hour + 10) / 100} for hour in range(24)]
    as_expected(read(json.dumps(entries), content_type="application/json; charset=utf-8"))


def test_what_is_shown_can_be_uploaded_again() -> None:
    steps = read(a_day())
    shown = [step.model_copy(update={"told": NOW}).model_dump(mode="json", exclude_none=True) for step in steps]
    assert read(json.dumps(shown), content_type=JSON) == steps


def test_negative_prices_and_numbers_with_exponents_are_read() -> None:
    lines = [
        f"2026-11-23 {hour:02}:00,{value}" for hour, value in enumerate(["-0.05", "\u22120.05", "1e-5", *"0" * 21])
    ]
    assert [step.value for step in read("\n".join(lines))][:3] == [-0.05, -0.05, 0.00001]


@pytest.mark.parametrize("minutes", [15, 30, 60])
@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25), date(2026, 11, 23)])
def test_a_day_has_as_many_hours_as_the_clocks_show(day: date, minutes: int) -> None:
    steps = read("\n".join(f"{moment:%Y-%m-%d %H:%M},0.1" for moment in _locals(day, minutes)))
    hours = {date(2026, 3, 29): 23, date(2026, 10, 25): 25}.get(day, 24)
    assert steps[-1].end - steps[0].start == hours * HOUR == len(steps) * timedelta(minutes=minutes)


def _locals(day: date, minutes: int) -> list[datetime]:
    """What the clocks show on a day."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=AMSTERDAM).astimezone(UTC)
    moments = (midnight + number * timedelta(minutes=minutes) for number in range(26 * 60 // minutes))
    return [local for each in moments if (local := each.astimezone(AMSTERDAM)).date() == day]


def test_days_elsewhere_may_begin_at_another_hour() -> None:
    in_utc = "".join(f"2026-11-{22 + (23 + n) // 24}T{(23 + n) % 24:02}:00:00Z,0.1\n" for n in range(24))
    assert len(read(in_utc, zone=ZoneInfo("Europe/Lisbon"))) == 24


def test_a_forecast_begins_and_ends_at_any_time() -> None:
    steps = read("2026-11-23 13:15;7\n2026-11-23 13:30;8,5\n", SeriesKind.PV)
    assert [(step.end - step.start, step.value) for step in steps] == [(HOUR / 4, 7), (HOUR / 4, 8.5)]
    (alone,) = read("2026-11-23 13:15,2026-11-23 13:45,7", SeriesKind.BASE_LOAD)
    assert alone.end - alone.start == HOUR / 2


# What is refused

DAY = "2026-11-23"
REFUSED: dict[str, tuple[str | bytes, str]] = {
    "missing hour": (
        a_day(hours=[*range(14), *range(15, 24)]),
        "line 15: 2026-11-23 14:00 is missing: the one before is 2026-11-23 13:00, this one 2026-11-23 15:00",
    ),
    "missing hours": (a_day(hours=[*range(14), *range(17, 24)]), "line 15: 2026-11-23 14:00 to 2026-11-23 16:00 are"),
    "first hour missing": (a_day(hours=range(1, 24)), "line 1: the day is not whole: it begins at 01:00"),
    "last hour missing": (a_day(hours=range(23)), "line 23: the day is not whole: 2026-11-23 23:00 is missing"),
    "an hour twice": (
        a_day(hours=[*range(15), *range(14, 24)]),
        "line 16: 2026-11-23 14:00 is given twice, in line 15 too: keep one",
    ),
    "newest first": (a_day(hours=range(23, -1, -1)), "line 2: 2026-11-23 22:00 comes after 2026-11-23 23:00"),
    "an hour that the clocks skip": (
        a_day("2026-03-29"),
        "line 3: '2026-03-29 02:00' is a time that the clocks skip, for they are put forward then: leave it out",
    ),
    "an hour that they show twice": (
        a_day("2026-10-25"),
        "line 4: 2026-10-25 02:00 (the second time) is missing: the one before is 2026-10-25 02:00 (the first time)",
    ),
    "an hour that they show twice, thrice": (
        a_day("2026-10-25", [0, 1, 2, 2, 2, *range(3, 24)]),
        "line 5: 2026-10-25 02:00 (the first time) is given twice, in line 3 too: keep one",
    ),
    "uneven": (a_day(hours=range(9)) + f"{DAY} 09:30,1", "line 10: 2026-11-23 09:30 does not fit: the steps are of 60"),
    "steps too long": (
        f"{DAY} 00:00,1\n{DAY} 06:00,1",
        "line 1: steps of 360 minutes: 15, 30 and 60 minutes are known",
    ),
    "one alone": (f"{DAY} 00:00,1", "line 1: is the only step: give two at least, or its end"),
    "wrong end": (
        a_day(line=lambda day, hour: f"{day} {hour}:00,{day} {hour}:30,1"),
        "line 1: ends at '2026-11-23 0:30': the steps are of 60 minutes",
    ),
    "decimal commas between commas": (
        a_day(line=lambda day, hour: f"{day} {hour}:00,0,{hour}"),
        "line 1: '0,0': write 0.0, or separate columns by ';'",
    ),
    "decimal commas that may be thousands": (
        a_day(line=lambda day, hour: f"{day} {hour}:00;1,2{hour:02}"),
        "line 1: '1,200' may be 1.200 or 1200: write which, without a comma",
    ),
    "commas and points": (
        f"{DAY} 00:00;0.1\n{DAY} 01:00;0,1",
        "line 2: '0,1' has a comma, and '0.1' in line 1 a point: use points only",
    ),
    "thousands": (f"{DAY} 00:00;1.234,5", "line 1: '1.234,5': write it like 1234.5"),
    "no number": (f"{DAY} 00:00,n/e", "line 1: 'n/e' is no number"),
    "no value": (f"start,value\n{DAY} 00:00,\n", "line 2: '2026-11-23 00:00' has no value"),
    "empty value": (f"start,value,note\n{DAY} 00:00,,x\n", "line 2: has no value"),
    "no start": ("zone,start,value\nNL\n", "line 2: has 1 of 3 columns"),
    "too large": (f"{DAY} 00:00,1e9\n", "line 1: 1E+9 is out of range"),
    "NaN": (f"{DAY} 00:00,nan\n", "line 1: 'nan' is no number"),
    "month or day first": (a_day("11/12/2026"), "line 1: '11/12/2026 00:00' may be two days"),
    "no time of day": (f"{DAY},0.1", "line 1: '2026-11-23' is no time: write it like 2026-11-23 14:00"),
    "a number of Excel for a time": ("46349.5,0.1", "line 1: '46349.5' is no time"),
    "no such day": ("2026-02-30 00:00,1", "line 1: '2026-02-30 00:00' is a time that there is not"),
    "no such offset": ("2026-02-20 00:00+99:00,1", "line 1: '2026-02-20 00:00+99:00' is a time that there is not"),
    "another century": ("1026-02-20 00:00,1", "line 1: '1026-02-20 00:00' is not of this century"),
    "unknown columns": ("a,b,c\n1,2,3", "line 1: none of 'a', 'b', 'c' is known as the start: give two columns"),
    "two columns of values": (
        f"start,EUR/MWh,GBP/MWh\n{DAY} 00:00,1,2",
        "line 1: each of 'EUR/MWh', 'GBP/MWh' could be the value: give two columns, called start and value",
    ),
    "more columns than names": (f"start,value\n{DAY} 00:00,1,x", "line 2: has 3 columns: 2 are known"),
    "cents": (f"start,ct/kWh\n{DAY} 00:00,21", "line 1: 'ct/kWh' is in cents"),
    "kW for a price": (f"start,kW\n{DAY} 00:00,21", "line 1: 'kW' is no price per kWh or MWh"),
    "a quote that does not end": (f'{DAY} 00:00,"1', "line 1: no CSV: unexpected end of data"),
    "a workbook": (b"PK\x03\x04\x00\x00", "is a workbook: save it as CSV UTF-8"),
    "Latin-1": (
        f"start,value\n{DAY} 00:00,1 \N{EURO SIGN}".encode("cp1252"),
        "line 2: not UTF-8: save the file as CSV",
    ),
    "broken UTF-16": (b"\xff\xfe\x00", "line 1: not UTF-8"),
    "binary": (b"\x00\x01", "is no text"),
    "nothing": ("\n\n", "has no values"),
    "only names": ("start,value\n", "has no values"),
    "too many bytes": (b"x" * (MOST_BYTES + 1), "has 100,001 bytes: 100,000 are the most"),
    "too many lines": ("\n".join([f"{DAY} 00:00,1"] * 801), "has 801 steps: 800 are the most"),
    "too many days": (
        "".join(a_day(f"2026-11-{day}") for day in range(10, 20)),
        "is of 10 days: 8 are the most",
    ),
}


@pytest.mark.parametrize(("text", "problem"), REFUSED.values(), ids=REFUSED)
def test_a_wrong_file_is_refused_with_the_line_and_what_to_do(text: str | bytes, problem: str) -> None:
    assert problems(text)[0].startswith(problem)


REFUSED_JSON: dict[str, tuple[str | bytes, str]] = {
    "a number in quotes": ('[{"start": "2026-11-23 00:00", "value": "0,2"}]', "[0].value: must be a number, is '0,2'"),
    "a number for a time": ('[{"start": 3, "value": 1}]', "[0].start: must be text in quotes, is 3"),
    "no value": ('[{"start": "2026-11-23 00:00"}]', "[0].value: must be given once"),
    "two values": ('[{"start": "2026-11-23 00:00", "value": 1, "kw": 1}]', "[0].value: must be given once"),
    "misspelled": ('[{"start": "2026-11-23 00:00", "valeu": 1}]', "[0].valeu: unknown field: did you mean value?"),
    "not finite": ('[{"start": "2026-11-23 00:00", "value": NaN}]', "[0].value: must be a finite number, is nan"),
    "no list": ('{"start": 1}', "must be a list in brackets"),
    "no JSON": ("[1,", "line 1, column 4: not JSON"),
    "no text": (b"\xff[]", "not JSON: the text is not UTF-8"),
    "nested deep": ("[" * 90_000, "nested too deep"),
    "nothing": ("[]", "has no values"),
    "a missing hour": (
        json.dumps([{"start": f"2026-11-23 0{hour}:00", "value": 1} for hour in (0, 1, 2, 4, 5)]),
        "[3]: 2026-11-23 03:00 is missing",
    ),
}


@pytest.mark.parametrize(("text", "problem"), REFUSED_JSON.values(), ids=REFUSED_JSON)
def test_wrong_json_is_refused_with_the_place(text: str | bytes, problem: str) -> None:
    assert problems(text, content_type=JSON)[0].startswith(problem)


def test_a_power_is_in_kw() -> None:
    for name in ("PV (W)", "PV [MW]", "pv_kwh"):
        assert problems(f"start,{name}\n{DAY} 00:00,1", SeriesKind.PV) == [f"line 1: {name!r} is not in kW: give kW"]


def test_a_type_that_is_not_known_and_what_is_measured_are_not_uploaded() -> None:
    assert problems("x", content_type="image/png") == ["is image/png: it must be text/csv or application/json"]
    assert problems("x", content_type="") == ["is of no type: it must be text/csv or application/json"]
    assert problems("x", SeriesKind.MEASURED_PV)[0].startswith("measured_pv_kw is measured")


def test_a_file_that_is_wrong_all_over_is_told_in_a_few_lines() -> None:
    told = problems(a_day(line=lambda day, hour: f"{day} {hour}:00,x"))
    assert len(told) == 21
    assert told[-1] == "and more"


# Whatever is written


def random_prices(seed: int, count: int) -> list[int]:
    """In hundredths."""
    return [(seed * 7919 + number * 104_729) % 1001 - 500 for number in range(count)]


@st.composite
def whole_days(draw: st.DrawFn) -> tuple[list[datetime], list[float], ZoneInfo]:
    """Some days, wherever clocks are changed, and a price for each step."""
    zone = ZoneInfo(draw(st.sampled_from(["Europe/Amsterdam", "America/St_Johns", "Australia/Lord_Howe", "UTC"])))
    day = draw(
        st.dates(date(2026, 1, 1), date(2026, 12, 20)) | st.sampled_from([date(2026, 3, 28), date(2026, 10, 24)])
    )
    minutes = draw(st.sampled_from([15, 30]))
    begins, ends = (datetime(each.year, each.month, each.day, tzinfo=zone) for each in (day, day + timedelta(days=2)))
    count = (ends.astimezone(UTC) - begins.astimezone(UTC)) // timedelta(minutes=minutes)
    starts = [begins.astimezone(UTC) + number * timedelta(minutes=minutes) for number in range(count)]
    hundredths = random_prices(draw(st.integers(0, 999)), count)
    return starts, [each / 100 for each in hundredths], zone


@settings(deadline=None)
@given(whole_days(), st.sampled_from(",;\t"), st.booleans(), st.sampled_from(["%Y-%m-%d %H:%M", "%d.%m.%Y %H:%M"]))
def test_what_is_written_is_read_and_what_is_left_out_is_named(
    told: tuple[list[datetime], list[float], ZoneInfo], separator: str, comma: bool, clock: str
) -> None:
    starts, values, zone = told
    file = io.StringIO()
    writer = csv.writer(file, delimiter=separator)
    for start, value in zip(starts, values, strict=True):
        writer.writerow([start.astimezone(zone).strftime(clock), f"{value:.2f}".replace(".", "," if comma else ".")])
    steps = read(file.getvalue(), zone=zone)
    assert [(step.start, step.value) for step in steps] == list(zip(starts, values, strict=True))
    lines = file.getvalue().splitlines(keepends=True)
    with pytest.raises(UploadError, match="missing"):
        read("".join(lines[: len(lines) // 2] + lines[len(lines) // 2 + 1 :]), zone=zone)


@settings(deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode), st.sampled_from(["text/csv", JSON]))
def test_whatever_is_uploaded_is_read_or_refused(text: bytes, content_type: str) -> None:
    for kind in (SeriesKind.PRICE, SeriesKind.PV):
        try:
            read(text, kind, content_type)
        except UploadError as refused:
            assert all(refused.problems)  # noqa: PT017 - or it is read


lines = st.lists(st.text("0123456789-:T ,;.\"'eZ+/\tasdvlue\n", max_size=30), max_size=12)


@settings(deadline=None)
@given(lines.map("\n".join))
def test_whatever_looks_like_a_file_is_read_or_refused(text: str) -> None:
    try:
        steps = read(text, SeriesKind.PV)
    except UploadError as refused:
        assert all(refused.problems)  # noqa: PT017 - or it is read
    else:
        assert all(step.start < step.end for step in steps)


names = st.sampled_from(["start", "end", "value", "price_per_kwh", "EUR/MWh", "kw", "zone", "start_utc", "", "\u20ac"])
cells = st.sampled_from(
    ["2026-11-23 00:00", "2026-11-23 00:15", "23.11.2026 0:30", "0,1", "0.2", "1,234", "", "x", "7"]
)


@settings(deadline=None)
@given(st.lists(names, max_size=5), st.lists(st.lists(cells, max_size=5), max_size=5), st.sampled_from(";,\t"))
def test_whatever_columns_there_are_a_table_is_read_or_refused(
    head: list[str], rows: list[list[str]], separator: str
) -> None:
    text = "\n".join(separator.join(row) for row in (head, *rows))
    for kind in (SeriesKind.PRICE, SeriesKind.PV):
        try:
            read(text, kind)
        except UploadError as refused:
            assert all(refused.problems)  # noqa: PT017 - or it is read


def test_what_is_told_of_a_long_line_is_short() -> None:
    for line in ("9" * 5000, "9" * 5000 + ",1", f"{DAY} 00:00," + "9" * 5000, f"{DAY} 00:00,1," + "9" * 5000):
        assert len(problems(line)[0]) < 200
    assert len(problems(f"{'a' * 5000},b,c\n1,2,3")[0]) < 200


def test_columns_may_come_in_any_order() -> None:
    lines = a_day(line=lambda day, hour: f"{_next(day, hour)};0,{hour + 10};{day} {hour}:00")
    as_expected(read(f"end;price;start\n{lines}"))
    assert problems("price;zone;start\n0,1\n") == ["line 2: has 1 of 3 columns"]


# What is odd


def site(**more: Any) -> Site:
    return parse_site(json.dumps(SITE | {"time_zone": "Europe/Amsterdam"} | more))


def of(*values: float, start: datetime = NOW) -> Steps:
    return tuple(
        Step(start=start + number * HOUR, end=start + (number + 1) * HOUR, value=value)
        for number, value in enumerate(values)
    )


def oddities(kind: SeriesKind, steps: Steps, place: Site, node: str = GRID, known: Steps = ()) -> list[str]:
    return odd(kind, node, steps, place, {(kind, node): known} if known else {}, NOW)


def test_prices_of_a_mwh_are_asked_about() -> None:
    assert oddities(SeriesKind.PRICE, of(0.1, 85.3), site()) == [
        "price: 85.3 per kWh at 2026-11-22 15:00 is very much: is it per MWh?"
    ]
    told = oddities(SeriesKind.FEED_IN, of(0.1, -9), site(feed_in_per_kwh=0.05))
    assert told == ["feed_in: -9 per kWh at 2026-11-22 15:00 is 180 times the 0.05 that was known: is it per MWh?"]
    assert oddities(SeriesKind.PRICE, of(9.0), site(), known=of(0.08))
    assert not oddities(SeriesKind.PRICE, of(0.9, -0.4), site(price_per_kwh=0.2), known=of(0.1))


def test_powers_of_another_unit_are_asked_about() -> None:
    garage = site(base_load_kw=10, limits=[{"limit_kw": 27.6}])
    assert oddities(SeriesKind.PV, of(4, 8000), garage) == [
        "pv_kw: 8000 kW at 2026-11-22 15:00 is 290 times the 27.6 kW that grid bears: is it in W?"
    ]
    assert oddities(SeriesKind.BASE_LOAD, of(0.01, 0.012), garage) == [
        "base_load_kw: it is no more than 0.012 kW, and the site's file tells 10 kW of grid: is it in MW?"
    ]
    assert not oddities(SeriesKind.BASE_LOAD, of(3, 12), garage)
    assert not oddities(SeriesKind.BASE_LOAD, of(8000), site(limits=[{"limit_kw": 0}])), "there is nothing to compare"
    told = odd_measurement(SeriesKind.MEASURED_BASE_LOAD, GRID, NOW, 9000, garage, {})
    assert told == ["base_load_kw: 9000 kW at 2026-11-22 14:00 is 326 times the 27.6 kW that grid bears: is it in W?"]
    assert not odd_measurement(SeriesKind.MEASURED_BASE_LOAD, GRID, NOW, 30, garage, {})


def test_a_forecast_with_the_other_sign_is_asked_about() -> None:
    """Or all that others draw would count as room for vehicles."""
    garage = site(base_load_kw=30, limits=[{"limit_kw": 69}])
    signs = "base_load_kw: -30 kW at 2026-11-22 14:00 is below zero, so it flows in: what is drawn is above zero"
    told = "base_load_kw: it is no more than -30 kW, and the site's file tells 30 kW of grid"
    assert oddities(SeriesKind.BASE_LOAD, of(*[-30] * 24), garage) == [signs, told]
    assert oddities(SeriesKind.BASE_LOAD, of(-30, 4), garage) == [signs], "some of it is above zero"
    assert oddities(SeriesKind.BASE_LOAD, of(-30, 4), site()) == [signs], "nothing is told to compare it with"
    flowing_in = of(30, -8)
    assert oddities(SeriesKind.BASE_LOAD, flowing_in, garage), "the first time"
    assert not oddities(SeriesKind.BASE_LOAD, of(28, -12), garage, known=flowing_in), "as on the days before"
    assert signs in oddities(SeriesKind.BASE_LOAD, of(-30, 8), garage, known=flowing_in)
    assert not oddities(SeriesKind.BASE_LOAD, of(3, -2), site(base_load_kw=[10] * 12 + [-4] * 12)), "its file says so"


def test_a_meter_with_the_other_sign_is_asked_about() -> None:
    garage, sunny = site(limits=[{"limit_kw": 69}]), site(limits=[{"limit_kw": 69}], pv_kw=20)
    base_load, pv = SeriesKind.MEASURED_BASE_LOAD, SeriesKind.MEASURED_PV
    assert odd_measurement(base_load, GRID, NOW, -5, garage, {}) == [
        "base_load_kw: -5 kW is below zero, and nothing is known that flows in: what is drawn is above zero"
    ]
    assert not odd_measurement(base_load, GRID, NOW, -5, sunny, {})
    assert not odd_measurement(base_load, GRID, NOW, -5, garage, {(pv, GRID): of(7)})
    assert not odd_measurement(base_load, GRID, NOW, -0.02, garage, {})
    assert odd_measurement(pv, GRID, NOW, -3, sunny, {}) == [
        "pv_kw: -3 kW is below zero: what solar power gives is above zero"
    ]
    assert not odd_measurement(pv, GRID, NOW, -0.02, sunny, {})


def test_solar_power_below_zero_is_asked_about() -> None:
    sun = "pv_kw: -40 kW at 2026-11-22 15:00 is below zero: what solar power gives is above zero"
    assert oddities(SeriesKind.PV, of(0, -40), site()) == [sun]
    assert not oddities(SeriesKind.PV, of(-0.02, 40), site()), "what the inverters draw at night"


def test_another_time_is_asked_about() -> None:
    over, far = of(0.1, start=NOW - timedelta(days=365)), of(0.1, start=NOW + timedelta(days=365))
    assert oddities(SeriesKind.PRICE, over, site()) == [
        "price: it ends at 2025-11-22 15:00, which is over: is the date right?"
    ]
    assert oddities(SeriesKind.PRICE, far, site()) == [
        "price: it begins at 2027-11-22 14:00, which is far ahead: is the date right?"
    ]


def test_a_node_that_there_is_not_is_refused() -> None:
    with pytest.raises(SiteError, match="there is no feeder 'deck'; there are grid"):
        oddities(SeriesKind.BASE_LOAD, of(1), site(), "deck")


def test_a_meter_tells_of_now() -> None:
    check_measured_at(NOW + timedelta(seconds=30), NOW)
    check_measured_at(NOW - timedelta(hours=1), NOW)
    with pytest.raises(UploadError, match="at: is 3600 s ahead of our clock"):
        check_measured_at(NOW + HOUR, NOW)
    with pytest.raises(UploadError, match="at: is more than a day ago"):
        check_measured_at(NOW - timedelta(days=2), NOW)
