"""Single objects on Sender interfaces, and the methods that are not offered there."""

from typing import Any

from cli.check.registry import check, sender
from cli.check.rules.lists import pulled
from cli.check.store import offered_method
from cli.check.subject import Interface, Subject
from cli.check.verdict import NotApplicable, expect, succeeded


def _location(subject: Subject) -> tuple[Interface, dict[str, Any]]:
    """The first Location of the platform."""
    interface = subject.interface("locations", "SENDER")
    for entry in pulled(subject, interface).objects:
        if isinstance(entry.get("id"), str):
            return interface, entry
    raise NotApplicable("there are no locations")


def _is(data: object, **names: str) -> bool:
    """Whether the data is one object with these names."""
    return isinstance(data, dict) and data.items() >= names.items()


def _not_offered(subject: Subject, module: str, *methods: str) -> None:
    """Methods without a body, at the list itself. DELETE is tried only where writing is allowed."""
    interface = subject.interface(module, "SENDER")
    for method in methods:
        if method != "DELETE" or subject.write:
            offered_method(subject, subject.ask(method, interface))


@check("LOC-02", *sender("locations"))
def location_is_given(subject: Subject) -> None:
    """A Location can be read by its id."""
    interface, location = _location(subject)
    seen = subject.ask("GET", interface, location["id"])
    expect(_is(succeeded(seen), id=location["id"]), f"the Location {location['id']} as one object", seen)


@check("LOC-03", *sender("locations"))
def location_parts_are_given(subject: Subject) -> None:
    """EVSEs and connectors can be read by their ids."""
    interface, location = _location(subject)
    evses = location.get("evses") or []
    if not evses:
        raise NotApplicable("the first location has no EVSEs")
    uid, connector_id = evses[0]["uid"], evses[0]["connectors"][0]["id"]
    evse = subject.ask("GET", interface, location["id"], uid)
    expect(_is(succeeded(evse), uid=uid), f"the EVSE {uid} as one object", evse)
    connector = subject.ask("GET", interface, location["id"], uid, connector_id)
    expect(_is(succeeded(connector), id=connector_id), f"the connector {connector_id} as one object", connector)


@check("TYP-01", *sender("locations"))
def location_id_in_any_case(subject: Subject) -> None:
    """A Location is found by its id in any case."""
    interface, location = _location(subject)
    swapped = location["id"].swapcase()
    if swapped == location["id"]:
        raise NotApplicable("the first location's id has no letters")
    succeeded(subject.ask("GET", interface, swapped))


@check("LOC-04", *sender("locations"))
def given_locations_are_read_only(subject: Subject) -> None:
    """The Locations that are given cannot be written."""
    _not_offered(subject, "locations", "POST", "PUT", "PATCH", "DELETE")


@check("SES-09", *sender("sessions"))
def given_sessions_are_read_only(subject: Subject) -> None:
    """The Sessions that are given cannot be written."""
    _not_offered(subject, "sessions", "POST", "PUT", "PATCH", "DELETE")


@check("CDR-02", *sender("cdrs"))
def given_cdrs_are_read_only(subject: Subject) -> None:
    """The CDRs that are given cannot be written."""
    _not_offered(subject, "cdrs", "POST", "PUT", "PATCH", "DELETE")


@check("TAR-01", *sender("tariffs"))
def given_tariffs_are_read_only(subject: Subject) -> None:
    """The Tariffs that are given cannot be written."""
    _not_offered(subject, "tariffs", "POST", "PUT", "PATCH", "DELETE")


@check("TOK-09", *sender("tokens"))
def given_tokens_are_read_only(subject: Subject) -> None:
    """The Tokens that are given cannot be written."""
    _not_offered(subject, "tokens", "PUT", "PATCH", "DELETE")


@check("HUB-01", *sender("hubclientinfo"))
def given_client_info_is_read_only(subject: Subject) -> None:
    """A hub's ClientInfo objects cannot be written."""
    _not_offered(subject, "hubclientinfo", "POST", "PUT", "PATCH", "DELETE")
