"""The objects that the platform gives in its lists, compared with the types of OCPI."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from cli.check.registry import check, sender
from cli.check.rules.lists import key, pulls
from cli.check.subject import LISTS, Subject
from cli.check.verdict import NotApplicable, Unmet, expect
from ocpi.types.cdrs import CDR
from ocpi.types.hubclientinfo import ClientInfo
from ocpi.types.locations import Location
from ocpi.types.sessions import Session
from ocpi.types.tariffs import Tariff
from ocpi.types.tokens import Token

MODELS: dict[str, type[BaseModel]] = {
    "locations": Location,
    "sessions": Session,
    "cdrs": CDR,
    "tariffs": Tariff,
    "tokens": Token,
    "hubclientinfo": ClientInfo,
}


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with one object."""

    module: str
    object: tuple[str, ...]
    error: ErrorDetails

    @property
    def path(self) -> str:
        """The JSON Pointer without list indices, such as /evses/connectors/id."""
        return "".join(f"/{part}" for part in self.error["loc"] if isinstance(part, str))

    def __str__(self) -> str:
        name = " ".join(part for part in self.object if part != "NONE")
        value = repr(self.error["input"])[:80]
        pointer = "".join(f"/{part}" for part in self.error["loc"]) or "/"
        return f"{self.module} {name}: {pointer}: {self.error['msg']}, got {value}"


def problems(subject: Subject) -> Iterator[Problem]:
    """All that is wrong with the objects that were pulled."""
    for pull in pulls(subject, 1):
        for entry in pull.objects:
            yield from _problems(pull.interface.module, entry)


def _problems(module: str, entry: dict[str, Any]) -> Iterator[Problem]:
    try:
        MODELS[module].model_validate(entry)
    except ValidationError as error:
        for details in error.errors(include_url=False):
            yield Problem(module, key(entry), details)


def _objects_are_valid(rule: str, title: str, name: str, module: str, mine: Callable[[str], bool]) -> None:
    """Register a check that no object of `module` has a problem in its part, which `mine` tells by the path."""

    def run(subject: Subject) -> None:
        if not any(pull.objects for pull in pulls(subject, 1) if pull.interface.module == module):
            raise NotApplicable(f"there are no {module}")
        for problem in problems(subject):
            if problem.module == module and mine(problem.path):
                raise Unmet("valid objects", problem)

    run.__name__, run.__doc__ = name, title
    check(rule, *sender(module))(run)


def _values_are_valid(rule: str, title: str, name: str, mine: Callable[[Problem], bool]) -> None:
    """Register a check that no object of any module has a problem of a kind, which `mine` tells."""

    def run(subject: Subject) -> None:
        for problem in problems(subject):
            if mine(problem):
                raise Unmet("valid values", problem)

    run.__name__, run.__doc__ = name, title
    check(rule, *sender(*LISTS))(run)


def _below(*prefixes: str) -> Callable[[str], bool]:
    return lambda path: path.startswith(prefixes)


def _but(*prefixes: str) -> Callable[[str], bool]:
    return lambda path: not path.startswith(prefixes)


def _anywhere(_: str) -> bool:
    return True


_CONNECTOR = "/evses/connectors/"
_COORDINATES = ("/coordinates", "/related_locations", "/evses/coordinates")
_OF_LOCATIONS = ("/evses", "/time_zone", "/opening_times", "/energy_mix", "/images", "/publish_allowed_to")
_OF_CDRS = ("/cdr_token", "/cdr_location", "/charging_periods")

for _rule, _title, _name, _module, _mine in (
    ("LOC-21", "Its Locations are complete", "locations_are_valid", "locations", _but(*_OF_LOCATIONS, *_COORDINATES)),
    ("LOC-25", "Who may see an unpublished Location is named completely", "publish_allowed_to_is_valid", "locations",
     _below("/publish_allowed_to")),
    ("LOC-28", "Time zones are IANA names", "time_zones_are_valid", "locations", _below("/time_zone")),
    ("LOC-30", "Coordinates are strings of 5 to 7 decimals", "coordinates_are_valid", "locations",
     _below(*_COORDINATES)),
    ("LOC-31", "Its EVSEs are complete", "evses_are_valid", "locations",
     lambda path: path.startswith("/evses") and not path.startswith((_CONNECTOR, "/evses/coordinates"))),
    ("LOC-32", "Its connectors are complete", "connectors_are_valid", "locations", _below(_CONNECTOR)),
    ("LOC-37", "Opening times are complete", "opening_times_are_valid", "locations", _below("/opening_times")),
    ("LOC-40", "Energy mixes are complete", "energy_mixes_are_valid", "locations", _below("/energy_mix")),
    ("LOC-42", "Images are complete", "images_are_valid", "locations", _below("/images", "/evses/images")),
    ("SES-20", "Its Sessions are complete", "sessions_are_valid", "sessions", _but("/status")),
    ("SES-21", "A Session's status is one of the five", "session_status_is_valid", "sessions", _below("/status")),
    ("CDR-13", "Its CDRs are complete", "cdrs_are_valid", "cdrs", _but(*_OF_CDRS)),
    ("CDR-15", "The token in a CDR is complete", "cdr_tokens_are_valid", "cdrs", _below("/cdr_token")),
    ("CDR-20", "The location in a CDR is complete", "cdr_locations_are_valid", "cdrs", _below("/cdr_location")),
    ("CDR-23", "The charging periods in a CDR are complete", "cdr_periods_are_valid", "cdrs",
     _below("/charging_periods")),
    ("TAR-08", "Its Tariffs are complete", "tariffs_are_valid", "tariffs", _anywhere),
    ("TOK-22", "Its Tokens are complete", "tokens_are_valid", "tokens", _anywhere),
    ("HUB-07", "Its ClientInfo objects are complete", "client_info_is_valid", "hubclientinfo", _but("/status")),
    ("HUB-08", "A connection status is one of the four", "connection_status_is_valid", "hubclientinfo",
     _below("/status")),
):  # fmt: skip
    _objects_are_valid(_rule, _title, _name, _module, _mine)


def _says(*texts: str) -> Callable[[Problem], bool]:
    return lambda problem: any(text in problem.error["msg"] for text in texts)


def _is_of(*types: str) -> Callable[[Problem], bool]:
    return lambda problem: problem.error["type"] in types


for _rule, _title, _name, _kind in (
    ("TYP-02", "A CiString it gives is printable ASCII", "cistrings_are_ascii", _says("printable ASCII")),
    ("TYP-03", "No string it gives has control characters", "strings_are_printable", _says("control characters")),
    ("TYP-04", "An enum value it gives is one of the specification", "enum_values_are_known", _is_of("enum")),
    ("TYP-05", "No string it gives is too long", "strings_are_short", _is_of("too_long", "string_too_long")),
    ("TYP-06", "A DateTime it gives is UTC and at most 25 characters long", "datetimes_are_utc", _says("UTC time")),
    ("TYP-10", "A number it gives is a JSON number", "numbers_are_numbers", _says("must be a number", "finite number")),
    ("TYP-13", "A URL it gives is absolute", "urls_in_objects_are_absolute", _says("absolute http")),
    ("TYP-15", "Required fields are there, and not null", "required_fields_are_there",
     lambda problem: problem.error["type"] == "missing" or problem.error["input"] in (None, [])),
):  # fmt: skip
    _values_are_valid(_rule, _title, _name, _kind)


def _each(subject: Subject, module: str) -> Iterator[dict[str, Any]]:
    """The objects of one list.

    Raises:
        NotApplicable: there are none.
    """
    found = [entry for pull in pulls(subject, 1) if pull.interface.module == module for entry in pull.objects]
    if not found:
        raise NotApplicable(f"there are no {module}")
    yield from found


@check("LOC-24", *sender("locations"))
def publish_allowed_to_fits(subject: Subject) -> None:
    """The field publish_allowed_to is used only where publish is false."""
    for location in _each(subject, "locations"):
        odd = location.get("publish") is True and location.get("publish_allowed_to")
        expect(not odd, "publish false with publish_allowed_to", f"true in location {location.get('id')}")


@check("LOC-22", *sender("locations"))
def evse_uids_are_unique(subject: Subject) -> None:
    """No two EVSEs of a CPO have the same uid."""
    places: dict[tuple[str, ...], object] = {}
    for location in _each(subject, "locations"):
        for evse in location.get("evses") or []:
            names = (location["country_code"], location["party_id"], evse["uid"])
            place = places.setdefault(tuple(str(name).upper() for name in names), location["id"])
            expect(place == location["id"], "each uid at one Location", f"{names} at {place} and {location['id']}")


@check("SES-26", *sender("sessions"))
def sessions_have_an_evse(subject: Subject) -> None:
    """Only a reservation has #NA for its EVSE or connector."""
    for session in _each(subject, "sessions"):
        unassigned = "#NA" in (session.get("evse_uid"), session.get("connector_id"))
        odd = unassigned and session.get("status") != "RESERVATION"
        expect(not odd, "#NA only with status RESERVATION", f"{session.get('status')} in session {session.get('id')}")


@check("CDR-25", *sender("cdrs"))
def cdrs_have_no_session_dimensions(subject: Subject) -> None:
    """CDRs have no dimensions that are for Sessions only."""
    for cdr in _each(subject, "cdrs"):
        for period in cdr.get("charging_periods") or []:
            types = {str(dimension.get("type")) for dimension in period.get("dimensions") or []}
            odd = sorted(types & SESSION_ONLY)
            expect(not odd, "no dimension that is for Sessions only", f"{', '.join(odd)} in CDR {cdr.get('id')}")


SESSION_ONLY = {"CURRENT", "ENERGY_EXPORT", "ENERGY_IMPORT", "POWER", "STATE_OF_CHARGE"}
