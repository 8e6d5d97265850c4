"""The monthly report: what it counts, and the page that is made of it."""

import re
import subprocess
import sys
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from html.parser import HTMLParser

import pytest

from ocpi import wire
from ocpi.energy.months import month_of
from ocpi.energy.report import MOST_MISSED, Month, Report, Visits, html, reported, style_hash
from ocpi.energy.scale import top_of
from ocpi.sites.limits import Limit
from ocpi.sites.record import Event, EventKind, Signal
from ocpi.sites.site import SiteError
from tests.unit.energy.records import START, site, slots, visit

NOVEMBER = Month("2026-11", START, START + timedelta(days=30), over=True)
AFTER = START + timedelta(days=31)
SIGNAL = Signal(
    signal_id="dso-17",
    node="grid",
    start=START + timedelta(hours=9),
    end=START + timedelta(hours=11),
    limit=Limit(limit_a={"L1": 20, "L2": 20, "L3": 20}),
    reason="<congestion>",
    author="dso",
    received_at=START,
    obeyed_at=START + timedelta(hours=9, seconds=3),
    load_before_kw=40.0,
    load_after_kw=13.6,
)


def report(**about: object) -> Report:
    known = {
        "slots": slots([0.0] * 144 + [11.0] * 24 + [0.0] * 120, 5),
        "visits": Visits([visit(8, 9, 22, needs_kwh=22.0, told=True), visit(10, 2, 5, needs_kwh=9.0, short_kwh=4.0)]),
        "events": [Event(at=START, kind=EventKind.OVERLOAD, text="grid")],
        "signals": [SIGNAL],
    } | about
    return reported(site(name="Car park"), NOVEMBER, now=AFTER, **known)  # type: ignore[arg-type]  # as above


def test_who_left_short_was_not_served() -> None:
    drivers = report().drivers
    assert (drivers.visits, drivers.served, drivers.served_share, drivers.told) == (2, 1, 0.5, 1)
    assert (drivers.energy_kwh, drivers.short_kwh) == (27, 4)
    assert report(visits=Visits([])).drivers.served_share is None


def test_visits_that_go_on_are_compared_but_have_not_left() -> None:
    here = visit(8, 4, 22)
    found = report(visits=Visits([], [here]))
    assert found.drivers.visits == 0
    assert found.savings.uncontrolled
    assert found.savings.uncontrolled.energy_kwh == pytest.approx(22)


def test_a_visit_is_counted_in_the_month_in_which_it_ended() -> None:
    over_new_year = [visit(-5, 6, 10), visit(30 * 24 - 1, 4, 10)]
    found = report(visits=Visits(over_new_year))
    assert found.drivers.visits == 1
    assert found.savings.visits == 2, "both were there, and are compared"


def test_a_curtailment_is_told_with_what_proves_it() -> None:
    (curtailment,) = report().curtailments
    assert (curtailment.limit_kw, curtailment.reaction_s) == (13.8, 3)
    assert (curtailment.load_before_kw, curtailment.load_after_kw) == (40, 13.6)
    moved = SIGNAL.model_copy(update={"start": AFTER, "end": AFTER + timedelta(hours=1)})
    assert report(signals=[moved]).curtailments == ()


def test_each_day_and_the_busiest_are_told() -> None:
    found = report()
    (day,) = found.days
    assert (day.day, day.peak_kw, day.limit_kw, day.energy_kwh) == ("2026-11-01", 16, 69, 22)
    assert day.uncontrolled_peak_kw == 16, "the second one's 5 kWh lie beside the end of the first"
    assert len(found.busiest) == 96


def test_only_those_that_lacked_most_are_told_one_by_one() -> None:
    visits = [visit(hour / 10, 2, 5, short_kwh=1 + hour) for hour in range(MOST_MISSED + 5)]
    found = report(visits=Visits(visits))
    assert (len(found.missed), found.missed_more) == (MOST_MISSED, 5)
    assert found.missed[0].short_kwh == MOST_MISSED + 5


def test_the_page_says_it_all_and_escapes_what_people_wrote() -> None:
    found = report()
    page = html(found)
    assert "&lt;congestion&gt;" in page
    assert "<congestion>" not in page
    assert "dso-17" in page
    assert "3\N{NO-BREAK SPACE}s" in page
    assert "src=" not in page
    assert "http" not in page
    parser = Tags()
    parser.feed(page)
    assert parser.open == []
    assert wire.loads_object(wire.dumps(found))["days"]


def test_a_report_is_styled_by_what_a_browser_may_be_told_to_take_and_nothing_else() -> None:
    page = html(report())
    (style,) = re.findall("<style>(.*?)</style>", page, re.DOTALL)
    assert style_hash() == f"sha256-{b64encode(sha256(style.encode()).digest()).decode()}"
    assert " style=" not in page


def test_a_month_with_nothing_on_record_has_a_page_too() -> None:
    page = html(report(slots=[], visits=Visits([]), events=[], signals=[]))
    assert "there is nothing to compare with" in page
    assert "No visit ended." in page


@pytest.mark.parametrize(("saved", "words"), [(1.0, "less"), (-1.0, "more")])
def test_what_control_made_worse_is_called_more(saved: float, words: str) -> None:
    found = report(slots=slots([11.0] * 24, prices=0.3))
    worse = found.model_copy(update={"savings": found.savings.model_copy(update={"saved_cost": saved})})
    assert f"<strong>1.00 {words}</strong>" in html(worse)


def test_a_month_begins_and_ends_at_midnight_at_the_site() -> None:
    amsterdam = site(time_zone="Europe/Amsterdam")
    march = month_of(amsterdam, "2026-03", AFTER)
    assert march.start == datetime(2026, 2, 28, 23, tzinfo=UTC)
    assert march.end == datetime(2026, 3, 31, 22, tzinfo=UTC), "summer time"
    assert march.over
    so_far = month_of(amsterdam, "2026-12", datetime(2026, 12, 1, 7, 3, tzinfo=UTC))
    assert (so_far.end, so_far.over) == (datetime(2026, 12, 1, 7, tzinfo=UTC), False)


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "1999-01", "november", "2026-11-01", "2027-01", ""])
def test_what_is_no_month_or_has_not_begun_is_told(month: str) -> None:
    with pytest.raises(SiteError, match="month: "):
        month_of(site(), month, AFTER)


def test_nothing_heavy_is_loaded_before_a_page_is_made() -> None:
    code = "import sys, ocpi.energy.months; sys.exit('jinja2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


class Tags(HTMLParser):
    """Which tags are still open."""

    VOID = frozenset({"meta", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """It is closed at once."""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_lines_end_where_nothing_is_on_record() -> None:
    night, day = slots([0.0] * 12, 5), slots([11.0] * 12, 5, start=START + timedelta(hours=6))
    page = html(report(slots=[*night, *day]))
    (charged,) = re.findall(r'class="charged" d="(M48[^"]*)"', page)
    assert charged.count("M") == 2, "one for each stretch that is"


def test_the_label_of_the_last_hour_is_within_the_picture() -> None:
    page = html(report(slots=slots([11.0] * 171, 5)))
    labels = re.findall(r'<text x="([\d.]+)"[^>]*>(\d\d:\d\d)<', page)
    assert labels
    assert all(float(x) + 18 <= 720 for x, _ in labels)


@pytest.mark.parametrize(
    ("loads", "limits", "top"),
    [
        ([40, 60], [69, 69, 100_000], 69),
        ([2], [20, 69, 100_000, 100_000, 100_000], 69),
        ([40, 90], [69, 69, 20, 100_000], 90),
        ([2], [69], 69),
        ([], [], 0),
    ],
)
def test_one_huge_limit_does_not_flatten_the_loads(loads: list[float], limits: list[float], top: float) -> None:
    assert top_of(loads, limits) == top
