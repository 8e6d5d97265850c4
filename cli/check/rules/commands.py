"""Commands to the platform, none of which it can carry out: they name Locations and Sessions that do not exist."""

from typing import Any

from cli.check import samples
from cli.check.exchange import Exchange
from cli.check.registry import check, receiver
from cli.check.store import offered_method
from cli.check.subject import Subject
from cli.check.verdict import expect, refused, valid
from ocpi.types.commands import CommandResponse

COMMANDS = receiver("commands")


def _send(subject: Subject, command: str, **fields: object) -> Exchange:
    body = {"response_url": response_url(subject)} | fields
    return subject.ask("POST", subject.interface("commands", "RECEIVER"), command, body=body)


def response_url(subject: Subject) -> str:
    """Where a result would go."""
    ours = subject.counterpart
    return ours.response_url() if ours else f"https://example.com/ocpi-check/{subject.new_id()}"


def _start(subject: Subject, **fields: object) -> Exchange:
    start = {"token": samples.token(subject), "location_id": subject.new_id()}
    return _send(subject, "START_SESSION", **start | fields)


def _result(seen: Exchange) -> Any:
    valid(CommandResponse, seen.data, seen)
    return seen.data["result"]


@check("CMD-01", *COMMANDS, writes=True)
def commands_are_posted(subject: Subject) -> None:
    """Commands are posted, nothing else."""
    commands = subject.interface("commands", "RECEIVER")
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        offered_method(subject, subject.ask(method, commands, "STOP_SESSION"))
    seen = _send(subject, "STOP_SESSION", session_id=subject.new_id())
    expect(200 <= seen.status < 300, "HTTP 2xx for POST", seen)


@check("CMD-02", *COMMANDS, writes=True)
def command_is_answered(subject: Subject) -> None:
    """The answer to a command is a CommandResponse."""
    _result(_send(subject, "STOP_SESSION", session_id=subject.new_id()))


@check("CMD-10", *COMMANDS, writes=True)
def unknown_location_is_rejected(subject: Subject) -> None:
    """A command for an unknown Location is REJECTED."""
    seen = _start(subject)
    expect(_result(seen) == "REJECTED", "result REJECTED", seen)


@check("STA-12", *COMMANDS, writes=True)
def unknown_location_is_2003(subject: Subject) -> None:
    """An unknown Location in a command is told with 2003."""
    refused(_start(subject), 2003)


@check("CMD-11", *COMMANDS, writes=True)
def unknown_session_is_told(subject: Subject) -> None:
    """STOP_SESSION of an unknown Session gets UNKNOWN_SESSION."""
    seen = _send(subject, "STOP_SESSION", session_id=subject.new_id())
    expect(_result(seen) == "UNKNOWN_SESSION", "result UNKNOWN_SESSION", seen)


@check("CMD-13", *COMMANDS, writes=True)
def start_session_is_complete(subject: Subject) -> None:
    """START_SESSION needs response_url, token and location_id."""
    for name in ("response_url", "token", "location_id"):
        refused(_start(subject, **{name: None}), 2001, f"without {name}")


@check("CMD-14", *COMMANDS, writes=True)
def connector_needs_evse(subject: Subject) -> None:
    """START_SESSION with a connector needs its EVSE."""
    refused(_start(subject, connector_id="1"), 2001, "connector_id without evse_uid")


@check("CMD-21", *COMMANDS, writes=True)
def reserve_now_is_complete(subject: Subject) -> None:
    """RESERVE_NOW needs response_url, token, expiry_date, reservation_id and location_id."""
    whole = {
        "token": samples.token(subject),
        "expiry_date": samples.moment(70),
        "reservation_id": subject.new_id(),
        "location_id": subject.new_id(),
    }
    for name in ("response_url", *whole):
        refused(_send(subject, "RESERVE_NOW", **whole | {name: None}), 2001, f"without {name}")


@check("CMD-26", *COMMANDS, writes=True)
def cancel_reservation_is_complete(subject: Subject) -> None:
    """CANCEL_RESERVATION needs response_url and reservation_id."""
    refused(_send(subject, "CANCEL_RESERVATION"), 2001, "without reservation_id")
    nowhere = {"response_url": None, "reservation_id": subject.new_id()}
    refused(_send(subject, "CANCEL_RESERVATION", **nowhere), 2001, "without response_url")


@check("CMD-27", *COMMANDS, writes=True)
def stop_session_is_complete(subject: Subject) -> None:
    """STOP_SESSION needs response_url and session_id."""
    refused(_send(subject, "STOP_SESSION"), 2001, "without session_id")
    refused(
        _send(subject, "STOP_SESSION", response_url=None, session_id=subject.new_id()), 2001, "without response_url"
    )


@check("CMD-28", *COMMANDS, writes=True)
def unlock_connector_is_complete(subject: Subject) -> None:
    """UNLOCK_CONNECTOR needs response_url, location_id, evse_uid and connector_id."""
    whole = {"location_id": subject.new_id(), "evse_uid": subject.new_id(), "connector_id": "1"}
    for name in ("response_url", *whole):
        refused(_send(subject, "UNLOCK_CONNECTOR", **whole | {name: None}), 2001, f"without {name}")
