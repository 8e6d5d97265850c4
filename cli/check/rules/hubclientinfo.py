"""Connection states told to the platform."""

from cli.check.exchange import Exchange
from cli.check.registry import check, receiver
from cli.check.samples import Document, moment
from cli.check.store import differs, offered_method
from cli.check.subject import Subject
from cli.check.verdict import NotApplicable, expect, refused, succeeded

RECEIVER = receiver("hubclientinfo")


def _ask(subject: Subject, method: str, body: object = None) -> Exchange:
    us = subject.us()
    interface = subject.interface("hubclientinfo", "RECEIVER")
    return subject.ask(method, interface, us.country_code, us.party_id, body=body)


def _told(subject: Subject, status: str, minute: int) -> Document:
    us = subject.us()
    info: Document = {
        "country_code": us.country_code,
        "party_id": us.party_id,
        "role": "CPO",
        "status": status,
        "last_updated": moment(minute),
    }
    seen = _ask(subject, "PUT", info)
    if not seen.ok:
        raise NotApplicable(f"only a hub may tell it, and we are none ({seen.status}, OCPI {seen.code})")
    return info


@check("HUB-02", *RECEIVER, writes=True)
def client_info_is_read(subject: Subject) -> None:
    """A ClientInfo can be read back."""
    info = _told(subject, "CONNECTED", 1)
    seen = _ask(subject, "GET")
    expect(differs(info, succeeded(seen)) is None, f"{info}", seen)


@check("HUB-03", *RECEIVER, writes=True)
def client_info_is_put(subject: Subject) -> None:
    """PUT replaces a ClientInfo; it cannot be posted, patched or deleted."""
    _told(subject, "CONNECTED", 2)
    info = _told(subject, "OFFLINE", 3)
    for method in ("POST", "PATCH", "DELETE"):
        offered_method(subject, _ask(subject, method, None if method == "DELETE" else info))
    seen = _ask(subject, "GET")
    expect(differs(info, succeeded(seen)) is None, f"{info}", seen)
    refused(_ask(subject, "PUT", info | {"status": "AWAY"}), 2001, "with status AWAY")
