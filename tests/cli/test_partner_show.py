"""What an operator sees of how sending to a partner goes, and can do about it."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest

from ocpi import clock
from ocpi.push import health
from ocpi.push.due import DueObjects
from ocpi.store.pulls import PulledList, Pulls, Skipped
from ocpi.types.parties import Party
from ocpi.types.versions import ModuleID
from tests import own
from tests.command import Ocpi
from tests.functions.conftest import Connect, Connection
from tests.loop import Loop
from tests.objects import CDR, LOCATION, SESSION, TARIFF, TOKEN
from tests.partner import Answer, ok

LOCATION_PUT = ("PUT", "/locations/NL/OCS/L1")
TARIFF_PUT = ("PUT", "/tariffs/NL/OCS/T1")
REFUSAL: Answer = (400, {"status_code": 2001, "status_message": "no such country"})
FAILURE: Answer = (503, {"status_code": 3000})


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The clock of the platform, at half past eight; the push function remembers nothing of other tests."""
    file = tmp_path / "clock.json"
    monkeypatch.setenv("CLOCK_FILE", str(file))
    monkeypatch.setattr(health, "NEWS", timedelta.min)
    set_clock(file, "08:30")
    return file


def set_clock(file: Path, time: str) -> None:
    clock.write(file, datetime.fromisoformat(f"2026-11-22T{time}").replace(tzinfo=UTC), 0)


def heard(partner: Connection) -> list[tuple[str, str]]:
    """What a partner was asked since the last look."""
    seen = [(seen.method, seen.path) for seen in partner.partner.seen]
    partner.partner.seen.clear()
    return seen


def test_a_partner_that_has_all_is_shown_so(ocpi: Ocpi, tnm: Connection) -> None:
    lines = ocpi("partner", "show", "tnm").out.splitlines()
    assert lines[-3:] == [
        "breaker: CLOSED",
        "due: nothing is due; if it has lost something, 'ocpi partner resend tnm --all' sends it again",
        "parked: nothing",
    ]
    shown = ocpi("partner", "show", "tnm", "--json").json
    assert (shown["breaker"]["state"], shown["breaker"]["forced"]) == ("CLOSED", False)
    assert shown["due"] == {"objects": 0, "oldest": None, "lag_s": 0}
    assert (shown["pushed"], shown["pulled"]) == ([], [])


def test_last_success_and_last_error_are_shown_by_module(ocpi: Ocpi, tnm: Connection, loop: Loop, time: Path) -> None:
    tnm.partner.answers[LOCATION_PUT] = REFUSAL
    own.put_location(LOCATION)
    own.put_tariff(TARIFF)
    loop.run()
    shown = ocpi("partner", "show", "tnm", "--json").json
    locations, tariffs = shown["pushed"]
    assert (locations["module"], locations["last_success"], locations["parked"]) == ("locations", None, 1)
    assert locations["last_error"] == "2026-11-22T08:30:00Z"
    assert "no such country" in locations["error"]
    assert (tariffs["module"], tariffs["last_error"], tariffs["error"]) == ("tariffs", None, None)
    assert tariffs["last_success"] == "2026-11-22T08:30:00Z"
    assert shown["parked"] == {"refused": 1, "failed": 0, "oldest": "2026-11-22T08:30:00Z"}
    set_clock(time, "08:33")
    text = ocpi("partner", "show", "tnm").out
    assert "parked: 1 refused, 0 failed; see 'ocpi dlq show objects --partner tnm'" in text
    assert "no such country" in text
    assert "3 min ago" in text


def test_what_a_suspended_partner_lacks_is_counted_and_sent_when_it_is_resumed(
    ocpi: Ocpi, tnm: Connection, loop: Loop, time: Path
) -> None:
    ocpi("partner", "suspend", "tnm")
    own.put_location(LOCATION)
    loop.run()
    set_clock(time, "08:40")
    own.put_tariff(TARIFF)
    loop.run()
    assert heard(tnm) == []
    assert ocpi("partner", "show", "tnm", "--json").json["due"] == {
        "objects": 2,
        "oldest": "2026-11-22T08:30:00Z",
        "lag_s": 600,
    }
    assert "due: 2, the first since 2026-11-22T08:30:00Z (10 min ago)" in ocpi("partner", "show", "tnm").out
    assert ocpi("partner", "resume", "tnm").exit_code == 0
    loop.run()
    assert set(heard(tnm)) == {LOCATION_PUT, TARIFF_PUT}
    assert ocpi("partner", "show", "tnm", "--json").json["due"]["objects"] == 0


def test_a_breaker_that_has_opened_is_listed_and_shown_with_its_reason(
    ocpi: Ocpi, tnm: Connection, loop: Loop, time: Path
) -> None:
    assert "breaker" not in ocpi("partner", "list").out
    tnm.partner.answers[LOCATION_PUT] = (401, {"status_code": 2000, "status_message": "who are you?"})
    own.put_location(LOCATION)
    loop.run()
    assert re.search(r"breaker.*OPEN", ocpi("partner", "list").out, re.DOTALL)
    assert ocpi("partner", "list", "--json").json[0]["breaker"] == "OPEN"
    breaker = ocpi("partner", "show", "tnm", "--json").json["breaker"]
    assert (breaker["state"], breaker["since"], breaker["forced"]) == ("OPEN", "2026-11-22T08:30:00Z", False)
    assert breaker["retry_at"] == "2026-11-22T08:30:30Z"
    assert "who are you?" in breaker["reason"]
    assert "it is looked at again at 2026-11-22T08:30:30Z (in 30 s)" in ocpi("partner", "show", "tnm").out


def test_what_a_partner_says_is_shown_as_it_is_and_writes_nothing_else_on_the_terminal(
    ocpi: Ocpi, tnm: Connection, loop: Loop, time: Path
) -> None:
    tnm.partner.answers[LOCATION_PUT] = (503, {"status_code": 3000, "status_message": "[/red]\x1b[31mboo"})
    own.put_location(LOCATION)
    loop.run()
    printed = ocpi("partner", "show", "tnm")
    assert printed.exit_code == 0
    assert printed.out.count("[/red]�[31mboo") == 2, "the breaker's reason, and the module's"
    assert "\x1b" not in printed.out


def test_failures_in_a_row_are_shown_while_the_breaker_is_closed(
    ocpi: Ocpi, tnm: Connection, loop: Loop, time: Path
) -> None:
    tnm.partner.answers[LOCATION_PUT] = FAILURE
    own.put_location(LOCATION)
    loop.run()
    assert "breaker: CLOSED, 1 in a row failed: HTTP 503, OCPI 3000" in ocpi("partner", "show", "tnm").out


def test_the_pace_that_a_partner_stands_is_shown(ocpi: Ocpi, tnm: Connection, loop: Loop, time: Path) -> None:
    tnm.partner.answers[LOCATION_PUT] = (429, {"status_code": 3000}, {"Retry-After": "120"})
    own.put_location(LOCATION)
    loop.run()
    text = ocpi("partner", "show", "tnm").out
    assert "it is sent anything again at 2026-11-22T08:32:00Z (in 2 min); 128 objects at most in a round" in text


def test_an_operator_stops_and_starts_what_is_sent(ocpi: Ocpi, tnm: Connection, loop: Loop, time: Path) -> None:
    opened = ocpi("partner", "breaker", "tnm", "open", "--reason", "they move house")
    assert opened.out.startswith("Partner 'tnm' has the breaker OPEN by an operator since 2026-11-22T08:30:00Z")
    own.put_location(LOCATION)
    loop.run()
    set_clock(time, "20:00")
    own.put_tariff(TARIFF)
    loop.run()
    assert heard(tnm) == []
    assert "they move house; 'ocpi partner breaker tnm close' ends that" in ocpi("partner", "show", "tnm").out
    assert ocpi("partner", "list", "--json").json[0]["breaker"] == "OPEN (forced)"
    closed = ocpi("partner", "breaker", "tnm", "close", "--json").json
    assert (closed["breaker"]["state"], closed["breaker"]["forced"]) == ("HALF_OPEN", False)
    assert closed["breaker"]["reason"] is None, "that is over"
    loop.run()
    assert LOCATION_PUT in heard(tnm)
    assert ocpi("partner", "show", "tnm", "--json").json["breaker"]["state"] == "CLOSED"


def test_of_a_breaker_is_shown_what_is_in_force(ocpi: Ocpi, tnm: Connection, loop: Loop, time: Path) -> None:
    tnm.partner.answers[LOCATION_PUT] = (429, {"status_code": 3000}, {"Retry-After": "120"})
    own.put_location(LOCATION)
    loop.run()
    breaker = ocpi("partner", "show", "tnm", "--json").json["breaker"]
    assert (breaker["retry_at"], breaker["reason"]) == ("2026-11-22T08:32:00Z", "HTTP 429, OCPI 3000")
    set_clock(time, "09:00")
    breaker = ocpi("partner", "show", "tnm", "--json").json["breaker"]
    assert (breaker["retry_at"], breaker["reason"]) == (None, "HTTP 429, OCPI 3000"), "the pace is still slow"
    tnm.partner.answers[LOCATION_PUT] = ok()
    loop.run()
    for minute in range(1, 4):
        set_clock(time, f"09:0{minute}")
        own.put_tariff(TARIFF | {"last_updated": f"2026-11-22T08:5{minute}:00Z"})
        loop.run()
    breaker = ocpi("partner", "show", "tnm", "--json").json["breaker"]
    assert (breaker["retry_at"], breaker["reason"]) == (None, None)


def test_a_breaker_is_closed_without_a_reason(ocpi: Ocpi, tnm: Connection) -> None:
    printed = ocpi("partner", "breaker", "tnm", "close", "--reason", "they are back")
    assert printed.exit_code == 2
    assert "--reason tells why a breaker is opened" in printed.err


def test_closing_a_breaker_that_is_closed_changes_nothing(ocpi: Ocpi, tnm: Connection) -> None:
    assert ocpi("partner", "breaker", "tnm", "close").out == "Partner 'tnm' has the breaker CLOSED.\n"


def test_a_breaker_is_not_opened_without_a_reason(ocpi: Ocpi, tnm: Connection) -> None:
    printed = ocpi("partner", "breaker", "tnm", "open")
    assert (printed.exit_code, printed.out) == (1, "")
    assert printed.err == "ocpi: say why with --reason: whoever looks at it later will want to know\n"
    assert ocpi("partner", "show", "tnm", "--json").json["breaker"]["state"] == "CLOSED"


def test_the_help_leads_from_a_partner_to_its_breaker(ocpi: Ocpi) -> None:
    assert "ocpi partner breaker" in " ".join(ocpi("partner", "show", "--help").out.split())


def test_how_its_lists_are_got_is_shown(ocpi: Ocpi, tnm: Connection, time: Path) -> None:
    pulled = PulledList("tnm", ModuleID.TOKENS, Party("NL", "OCS"), Party("NL", "TNM"))
    success = datetime(2026, 11, 22, 7, 30, tzinfo=UTC)
    left_out = Skipped("NL/TNM/04A1B2C3*RFID", "/uid: 04a1b2c3 is too odd"), Skipped("object 2 of page 1", "no object")
    update = {
        "examples": left_out,
        "last_success": success,
        "objects": 3,
        "last_error": clock.now(),
        "reason": "HTTP 502",
    }
    Pulls("deliveries").change(pulled, lambda record: record.model_copy(update=update))
    (tokens,) = ocpi("partner", "show", "tnm", "--json").json["pulled"]
    assert (tokens["module"], tokens["own_party"], tokens["party"]) == ("tokens", "NL/OCS", "NL/TNM")
    assert (tokens["last_success"], tokens["objects"]) == ("2026-11-22T07:30:00Z", 3)
    assert (tokens["last_error"], tokens["reason"]) == ("2026-11-22T08:30:00Z", "HTTP 502")
    printed = ocpi("partner", "show", "tnm").out
    assert "HTTP 502" in printed
    assert printed.endswith(
        "tokens NL/TNM/…2C3*RFID was left out: /uid: …2C3 is too odd\n"
        "tokens object 2 of page 1 was left out: no object\n"
    )


def test_nothing_is_left_of_a_partner_that_is_removed(ocpi: Ocpi, tnm: Connection, loop: Loop) -> None:
    tnm.partner.answers[LOCATION_PUT] = REFUSAL
    own.put_location(LOCATION)
    own.put_tariff(TARIFF)
    loop.run()
    ocpi("partner", "breaker", "tnm", "open", "--reason", "they leave")
    due = DueObjects("deliveries")
    for number in range(30):
        due.mark("tnm", own.own_id(ModuleID.LOCATIONS, f"L{number}"), clock.now())
    due.mark("other", own.own_id(ModuleID.LOCATIONS, "L1"), clock.now())
    Pulls("deliveries").change(
        PulledList("tnm", ModuleID.TOKENS), lambda known: known.model_copy(update={"objects": 1})
    )
    tnm.partner.answers["DELETE", "/credentials"] = ok()
    assert ocpi("partner", "remove", "tnm").out == "Partner 'tnm' is removed, and told.\n"
    left = boto3.client("dynamodb").scan(TableName="deliveries")["Items"]
    assert [item["pk"]["S"] for item in left] == ["DUE#OTHER"]


def test_a_partner_is_sent_again_what_was_lost_on_the_way(ocpi: Ocpi, tnm: Connection) -> None:
    own.put_location(LOCATION)
    own.put_tariff(TARIFF)
    loop = Loop()  # the stream before was lost
    loop.run()
    assert heard(tnm) == []
    told = ocpi("partner", "resend", "tnm")
    counts = "(locations 1, tariffs 1, sessions 0, cdrs 0)"
    assert told.out == (f"Partner 'tnm': 2 objects are looked at; what it has already is not sent again {counts}.\n")
    loop.run()
    assert set(heard(tnm)) == {LOCATION_PUT, TARIFF_PUT}
    ocpi("partner", "resend", "tnm")
    loop.run()
    assert heard(tnm) == [], "it has all"


def test_a_resend_that_has_to_wait_says_what_for(ocpi: Ocpi, tnm: Connection) -> None:
    own.put_location(LOCATION)
    ocpi("partner", "breaker", "tnm", "open", "--reason", "they move house")
    told = ocpi("partner", "resend", "tnm", "--module", "locations", "--all").out
    assert told.startswith("Partner 'tnm': 1 objects are sent again (locations 1). It is sent them once the breaker is")
    ocpi("partner", "breaker", "tnm", "close")
    ocpi("partner", "suspend", "tnm")
    told = ocpi("partner", "resend", "tnm", "--module", "locations").out
    assert told.endswith("It is sent them once it is resumed: 'ocpi partner resume tnm'.\n")


def test_a_partner_that_has_lost_its_data_is_sent_all_of_it(ocpi: Ocpi, tnm: Connection, loop: Loop) -> None:
    own.put_location(LOCATION)
    own.put_tariff(TARIFF)
    loop.run()
    heard(tnm)
    marked = ocpi("partner", "resend", "tnm", "--all", "--module", "locations", "--json").json
    assert marked == {"partner_id": "tnm", "marked": {"locations": 1}}
    loop.run()
    assert heard(tnm) == [LOCATION_PUT]


def test_only_what_concerns_a_partner_is_resent_and_only_from_then_on(
    ocpi: Ocpi, tnm: Connection, connect: Connect
) -> None:
    connect("EMSP NL EVB", offers=[("sessions", "RECEIVER"), ("cdrs", "RECEIVER")])
    own.put_session(SESSION)
    own.post_cdr(CDR)
    own.put_location(LOCATION)
    own.put_token(TOKEN)
    assert ocpi("partner", "resend", "tnm", "--json").json["marked"] == {
        "locations": 1,
        "tariffs": 0,
        "sessions": 1,
        "cdrs": 1,
    }
    assert ocpi("partner", "resend", "evb", "--json").json["marked"] == {"sessions": 0, "cdrs": 0}
    since = ocpi("partner", "resend", "tnm", "--since", "2026-11-22T08:31:00Z", "--json").json["marked"]
    assert since == {"locations": 0, "tariffs": 0, "sessions": 0, "cdrs": 1}
    day = ocpi("partner", "resend", "tnm", "--since", "2026-11-22", "--json").json["marked"]
    assert day == {"locations": 1, "tariffs": 0, "sessions": 1, "cdrs": 1}, "since midnight"


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--module", "tokens"], "partner 'tnm' takes no tokens: it offers no receiver of that"),
        (["--since", "yesterday"], "--since"),
        (["--since", "2026-02-30"], "--since"),
        (["--since", "2999-01-01"], "must not be in the future"),
        (["--all", "--since", "2026-11-22T08:31:00Z"], "--since and --all exclude each other"),
    ],
)
def test_what_cannot_be_resent_is_said_so(ocpi: Ocpi, tnm: Connection, options: list[str], line: str) -> None:
    printed = ocpi("partner", "resend", "tnm", *options)
    assert printed.exit_code
    assert line in printed.err
