"""Charging profiles for Sessions that do not exist, and active profiles that are told to the platform."""

from typing import Any

from cli.check.exchange import Exchange
from cli.check.registry import check, receiver, sender
from cli.check.rules.commands import response_url
from cli.check.samples import active_profile
from cli.check.store import Store, offered_method
from cli.check.subject import Subject
from cli.check.verdict import expect, refused, succeeded, valid
from ocpi.types.chargingprofiles import ChargingProfileResponse

RECEIVER = receiver("chargingprofiles")
PROFILE = {"charging_rate_unit": "A", "charging_profile_period": [{"start_period": 0, "limit": 16.0}]}


def _send(subject: Subject, method: str, query: dict[str, object] | None = None, body: object = None) -> Exchange:
    interface = subject.interface("chargingprofiles", "RECEIVER")
    return subject.ask(method, interface, subject.new_id(), query=query, body=body)


def _all(subject: Subject) -> list[Exchange]:
    """Complete requests of all three kinds, for an unknown Session."""
    url = response_url(subject)
    return [
        _send(subject, "GET", {"duration": 900, "response_url": url}),
        _send(subject, "PUT", body={"charging_profile": PROFILE, "response_url": url}),
        _send(subject, "DELETE", {"response_url": url}),
    ]


@check("CHP-01", *RECEIVER, writes=True)
def get_profile_is_complete(subject: Subject) -> None:
    """GET needs duration and response_url."""
    refused(_send(subject, "GET", {"response_url": response_url(subject)}), 2001, "without duration")
    refused(_send(subject, "GET", {"duration": 900}), 2001, "without response_url")


@check("CHP-02", *RECEIVER, writes=True)
def set_profile_is_complete(subject: Subject) -> None:
    """PUT needs charging_profile and response_url."""
    refused(_send(subject, "PUT", body={"response_url": response_url(subject)}), 2001, "without charging_profile")
    refused(_send(subject, "PUT", body={"charging_profile": PROFILE}), 2001, "without response_url")


@check("CHP-03", *RECEIVER, writes=True)
def clear_profile_is_complete(subject: Subject) -> None:
    """DELETE needs response_url."""
    refused(_send(subject, "DELETE"), 2001, "without response_url")


@check("CHP-04", *RECEIVER, writes=True)
def profiles_are_put(subject: Subject) -> None:
    """Profiles cannot be posted or patched."""
    for method in ("POST", "PATCH"):
        offered_method(subject, _send(subject, method, body={}))


@check("CHP-05", *RECEIVER, writes=True)
def profile_is_answered(subject: Subject) -> None:
    """GET, PUT and DELETE are answered with a ChargingProfileResponse."""
    for seen in _all(subject):
        valid(ChargingProfileResponse, seen.data, seen)


@check("CHP-06", *RECEIVER, writes=True)
def profile_needs_a_session(subject: Subject) -> None:
    """An unknown Session gets UNKNOWN_SESSION."""
    for seen in _all(subject):
        result: Any = seen.data.get("result") if isinstance(seen.data, dict) else None
        expect(result == "UNKNOWN_SESSION", "result UNKNOWN_SESSION", seen)


@check("CHP-14", *sender("chargingprofiles"), writes=True)
def only_results_and_updates(subject: Subject) -> None:
    """Results are posted and active profiles put, nothing else."""
    interface = subject.interface("chargingprofiles", "SENDER")
    for method in ("GET", "PATCH", "DELETE"):
        offered_method(subject, subject.ask(method, interface, subject.new_id()))


@check("CHP-17", *sender("chargingprofiles"), writes=True)
def active_profile_is_taken(subject: Subject) -> None:
    """An active profile of a known Session is taken."""
    session = Store(subject, "sessions").stored()
    interface = subject.interface("chargingprofiles", "SENDER")
    seen = subject.ask("PUT", interface, session["id"], body=active_profile())
    succeeded(seen)
    expect(seen.data in (None, "", [], {}), "no data", seen)
