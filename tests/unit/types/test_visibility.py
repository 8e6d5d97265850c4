"""Who may see a Location, when it is open, and who runs it, where the Location itself leaves that to a rule."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from ocpi.types.credentials import CredentialsRole
from ocpi.types.locations import Hours, Location
from ocpi.types.tokens import Token
from tests.objects import LOCATION, TOKEN

PARTS = {
    "uid": {"uid": TOKEN["uid"], "type": "RFID"},
    "visual number": {"visual_number": TOKEN["visual_number"], "issuer": TOKEN["issuer"]},
    "group": {"group_id": "G1"},
}


def hidden(*entries: dict[str, Any]) -> Location:
    """A Location that is not published, but for tokens that match an entry."""
    return Location.model_validate(LOCATION | {"publish": False, "publish_allowed_to": list(entries)})


def token(**fields: Any) -> Token:
    return Token.model_validate(TOKEN | {"group_id": "G1"} | fields)


@pytest.mark.requirement("LOC-23")
def test_a_location_that_is_not_published_is_shown_to_nobody_but_owners_of_matching_tokens() -> None:
    assert Location.model_validate(LOCATION | {"publish": True}).visible_to(None)
    assert not hidden().visible_to(None)
    assert not hidden().visible_to(token())
    assert not hidden(PARTS["uid"]).visible_to(None)
    assert hidden(PARTS["uid"]).visible_to(token())
    assert not hidden(PARTS["uid"]).visible_to(token(uid="another"))


@pytest.mark.requirement("LOC-26")
@pytest.mark.parametrize("entry", PARTS.values(), ids=PARTS)
def test_a_token_matches_an_entry_that_names_only_what_it_has(entry: dict[str, str]) -> None:
    assert hidden(entry).visible_to(token())


@pytest.mark.requirement("LOC-26")
@pytest.mark.parametrize(
    "fields",
    [
        {"uid": "X"},
        {"type": "OTHER"},
        {"visual_number": "X"},
        {"visual_number": None},
        {"issuer": "X"},
        {"group_id": "X"},
        {"group_id": None},
    ],
)
def test_a_token_must_have_all_that_one_entry_names(fields: dict[str, Any]) -> None:
    whole = {name: value for part in PARTS.values() for name, value in part.items()}
    assert hidden(whole).visible_to(token())
    assert not hidden(whole).visible_to(token(**fields))


@pytest.mark.requirement("LOC-26")
def test_what_two_entries_name_together_is_no_match() -> None:
    entries = {"uid": TOKEN["uid"], "type": "OTHER"}, {"uid": "X", "type": "RFID"}
    assert not hidden(*entries).visible_to(token())


@pytest.mark.requirement("TYP-01", "LOC-26")
def test_ids_match_in_any_spelling() -> None:
    assert hidden({"uid": "aBc", "type": "RFID"}).visible_to(token(uid="AbC"))
    assert hidden({"group_id": "g1"}).visible_to(token())


@pytest.mark.requirement("LOC-24")
def test_a_published_location_names_no_tokens() -> None:
    with pytest.raises(ValidationError, match="publish_allowed_to"):
        Location.model_validate(LOCATION | {"publish": True, "publish_allowed_to": [PARTS["uid"]]})


WEEK = [{"weekday": day, "period_begin": "08:00", "period_end": "20:00"} for day in range(1, 6)]
ZONE = "Europe/Amsterdam"


def period(begin: str, end: str) -> dict[str, str]:
    return {"period_begin": begin, "period_end": end}


def is_open(moment: str, **fields: Any) -> bool:
    """Whether a Location in Amsterdam is open at a moment in UTC; it is on weekdays from 8 to 20, unless told."""
    hours = Hours.model_validate({"twentyfourseven": False, "regular_hours": WEEK} | fields)
    return hours.open_at(datetime.fromisoformat(moment).replace(tzinfo=UTC), ZONE)


@pytest.mark.requirement("LOC-39")
@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-20T06:59:59", False),
        ("2026-11-20T07:00", True),  # a Friday in winter, 8 o'clock there
        ("2026-11-20T18:59", True),
        ("2026-11-20T19:00", False),
        ("2026-07-17T06:00", True),  # in summer the same hour is an hour earlier
        ("2026-07-17T18:00", False),
        ("2026-11-21T10:00", False),  # a Saturday
    ],
)
def test_regular_hours_are_local_time(moment: str, expected: bool) -> None:
    assert is_open(moment) is expected


@pytest.mark.requirement("LOC-39")
def test_exceptional_openings_add_to_the_regular_hours_and_closings_override_both() -> None:
    opening = period("2026-11-21T09:00:00Z", "2026-11-21T12:00:00Z")
    closing = period("2026-11-21T11:00:00Z", "2026-11-23T09:00:00Z")
    assert is_open("2026-11-21T10:00", exceptional_openings=[opening])
    assert is_open("2026-11-20T10:00", exceptional_openings=[opening])
    assert not is_open("2026-11-21T12:00", exceptional_openings=[opening])
    both = {"exceptional_openings": [opening], "exceptional_closings": [closing]}
    assert is_open("2026-11-21T10:59", **both)
    assert not is_open("2026-11-21T11:00", **both)
    assert not is_open("2026-11-23T08:59", **both)
    assert is_open("2026-11-23T09:00", **both)
    always = {"twentyfourseven": True, "regular_hours": []}
    assert is_open("2026-11-22T03:00", **always)
    assert not is_open("2026-11-22T03:00", exceptional_closings=[closing], **always)


ROLES = [
    CredentialsRole.model_validate(
        {"role": "CPO", "country_code": "NL", "party_id": party_id, "business_details": {"name": f"Party {party_id}"}}
    )
    for party_id in ("OTH", "sim")
]


@pytest.mark.requirement("LOC-29")
def test_who_operates_a_location_that_does_not_say_so_is_its_party() -> None:
    location = Location.model_validate(LOCATION)
    told = location.operated_by(ROLES)
    assert told
    assert told.name == "Party sim"
    assert location.operated_by(ROLES[:1]) is None
    other = Location.model_validate(LOCATION | {"operator": {"name": "Other"}}).operated_by(ROLES)
    assert other
    assert other.name == "Other"


@pytest.mark.requirement("LOC-29")
@pytest.mark.parametrize(("told", "expected"), [(None, True), (True, True), (False, False)])
def test_vehicles_are_charged_when_it_is_closed_unless_it_says_otherwise(told: bool | None, expected: bool) -> None:
    assert Location.model_validate(LOCATION | {"charging_when_closed": told}).charges_when_closed is expected
