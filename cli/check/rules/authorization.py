"""Who is let in, headers, and requests that are not served."""

import base64

from cli.check.client import Headers, without_authorization
from cli.check.reach import EVER
from cli.check.registry import Level, Phase, check, sender
from cli.check.subject import CLIENT_OWNED, LISTS, Subject
from cli.check.verdict import NotApplicable, answered, expect, refused, succeeded
from ocpi.transport.headers import AUTHORIZATION, CORRELATION_ID, FROM_COUNTRY, FROM_PARTY, REQUEST_ID
from ocpi.transport.tokens import authorization

FIRST = {"limit": 1, "date_from": EVER}


def _turned_away(subject: Subject, headers: Headers, what: str) -> None:
    """Versions, details and a module must all answer 401."""
    answered(subject.client.send("GET", subject.versions_url, headers=headers), 401, what)
    if subject.details_url:
        answered(subject.client.send("GET", subject.details_url, headers=headers), 401, what)
    for interface in subject.lists()[:1]:
        answered(subject.ask("GET", interface, query=FIRST, headers=headers), 401, what)


@check("TRA-01", phase=Phase.OPEN)
def header_is_needed(subject: Subject) -> None:
    """A request without Authorization header is turned away."""
    _turned_away(subject, without_authorization(), "without Authorization header")


@check("TRA-02", phase=Phase.OPEN)
def scheme_is_token(subject: Subject) -> None:
    """A request with another scheme than Token is turned away."""
    encoded = base64.b64encode(subject.client.token.encode()).decode()
    _turned_away(subject, {AUTHORIZATION: f"Bearer {encoded}"}, "with the scheme Bearer")


@check("TRA-03", phase=Phase.OPEN)
def token_is_base64(subject: Subject) -> None:
    """A token that is no Base64 is turned away."""
    _turned_away(subject, {AUTHORIZATION: "Token %%%not-base64%%%"}, "with a token that is no Base64")


@check("TRA-05", phase=Phase.OPEN)
def token_is_known(subject: Subject) -> None:
    """An unknown token is turned away."""
    _turned_away(subject, authorization(f"unknown-{subject.run_id}"), "with an unknown token")


@check("TRA-06", phase=Phase.INVITED)
def invitation_opens_no_module(subject: Subject) -> None:
    """A CREDENTIALS_TOKEN_A opens no module."""
    lists = subject.lists()
    if not lists:
        raise NotApplicable("the platform offers no list to try")
    for interface in lists:
        answered(subject.ask("GET", interface, query=FIRST), 401, f"{interface} with CREDENTIALS_TOKEN_A")


@check("TRA-30", phase=Phase.OPEN)
def header_names_in_any_case(subject: Subject) -> None:
    """Header names are read in any case."""
    usual = authorization(subject.client.token)[AUTHORIZATION]
    ids = {REQUEST_ID: None, CORRELATION_ID: None, "x-REQUEST-id": "one-request", "x-correlation-ID": "one-correlation"}
    seen = subject.client.send("GET", subject.versions_url, headers={"aUTHORIZATION": usual, **ids})
    succeeded(seen, "with aUTHORIZATION")
    repeated = seen.headers.get(REQUEST_ID), seen.headers.get(CORRELATION_ID)
    expect(repeated == ("one-request", "one-correlation"), "x-REQUEST-id and x-correlation-ID repeated", repeated)


@check("ROU-03", *sender(*LISTS[:5]))
def malformed_routing(subject: Subject) -> None:
    """A malformed routing header is a client error."""
    interface = next(i for i in subject.lists() if i.routed)
    seen = subject.ask("GET", interface, query=FIRST, headers={FROM_COUNTRY: "TOOLONG", FROM_PARTY: "TOOLONG"})
    refused(seen, 2001, "with 7 characters in the routing headers")


@check("STA-03", level=Level.SHOULD)
def unknown_object_is_404(subject: Subject) -> None:
    """GET of an object that does not exist gets HTTP 404."""
    tried = [subject.ask("GET", i, subject.new_id()) for i in subject.lists() if i.module == "locations"]
    if subject.party:
        party = (subject.party.country_code, subject.party.party_id)
        stores = [i for i in subject.interfaces if i.role == "RECEIVER" and i.module in CLIENT_OWNED]
        tried += [subject.ask("GET", interface, *party, subject.new_id()) for interface in stores]
    if not tried:
        raise NotApplicable("the platform offers no single objects, or we do not know our party")
    for seen in tried:
        answered(seen, 404)
