"""Registering with a CREDENTIALS_TOKEN_A, renewing the token, and leaving."""

from uuid import UUID

from cli.check import handshake
from cli.check.counterpart import BARE, BROKEN, OUTDATED, Seen
from cli.check.registry import Level, Phase, check
from cli.check.subject import Subject
from cli.check.verdict import NotApplicable, Unmet, answered, expect, refused, succeeded, valid
from ocpi.types.credentials import Credentials


def _fetched(seen: tuple[Seen, ...]) -> None:
    asked = [request.path for request in seen if request.method == "GET"]
    for place in ("/good/versions", "/good/2.2.1"):
        expect(any(path.endswith(place) for path in asked), f"a GET of our {place}", asked or "no request at all")


def _reached(posted: object) -> str:
    return f"{posted} (if it cannot reach us: --listen and --public-url)"


@check("CRE-01", phase=Phase.INVITED, writes=True)
def credentials_have_no_patch(subject: Subject) -> None:
    """PATCH is not part of the credentials module."""
    seen = handshake.send(subject, "PATCH", {})
    expect(not seen.ok, "no success", seen)
    if seen.status != 405:
        subject.note("TRA-14", Unmet("HTTP 405", seen))


@check("CRE-09", phase=Phase.INVITED, writes=True)
def put_needs_registration(subject: Subject) -> None:
    """PUT before registration gets HTTP 405."""
    answered(handshake.attempt(subject, "PUT", handshake.ours(subject).credentials()), 405)


@check("CRE-10", phase=Phase.INVITED, writes=True)
def delete_needs_registration(subject: Subject) -> None:
    """DELETE before registration gets HTTP 405."""
    handshake.ours(subject)
    answered(handshake.send(subject, "DELETE"), 405)


@check("CRE-24", phase=Phase.INVITED, writes=True)
def roles_are_needed(subject: Subject) -> None:
    """Credentials without roles are refused with 2001."""
    refused(handshake.attempt(subject, "POST", handshake.ours(subject).credentials() | {"roles": []}))


@check("CRE-16", level=Level.SHOULD, phase=Phase.INVITED, writes=True)
def broken_versions(subject: Subject) -> None:
    """Registration fails with 3001 where our versions cannot be read."""
    refused(handshake.attempt(subject, "POST", handshake.ours(subject).credentials(BROKEN)), 3001)


@check("STA-16", phase=Phase.INVITED, writes=True)
def outdated_versions(subject: Subject) -> None:
    """Registration fails with 3002 where we do not speak 2.2.1."""
    refused(handshake.attempt(subject, "POST", handshake.ours(subject).credentials(OUTDATED)), 3002)


@check("CRE-17", level=Level.SHOULD, phase=Phase.INVITED, writes=True)
def missing_endpoints(subject: Subject) -> None:
    """Registration fails with 3003 where we lack what is needed."""
    refused(handshake.attempt(subject, "POST", handshake.ours(subject).credentials(BARE)), 3003)


@check("CRE-19", phase=Phase.INVITED, writes=True)
def invitation_survives(subject: Subject) -> None:
    """The CREDENTIALS_TOKEN_A survives a registration that failed."""
    handshake.attempt(subject, "POST", handshake.ours(subject).credentials(BROKEN))
    succeeded(subject.client.send("GET", subject.versions_url))


@check("CRE-05", phase=Phase.JOINING, writes=True)
def registration_gives_a_token(subject: Subject) -> None:
    """Registration gives credentials with a new token."""
    registration = handshake.registered(subject)
    posted = registration.posted
    expect(posted.ok, "HTTP 2xx with OCPI 1000", _reached(posted))
    valid(Credentials, posted.data, posted)
    expect(posted.data["token"] != registration.token_a, "another token than CREDENTIALS_TOKEN_A", posted)


@check("CRE-03", phase=Phase.JOINING, writes=True)
def our_token_is_used(subject: Subject) -> None:
    """It uses the token that we gave it."""
    registration = handshake.registered(subject)
    for request in registration.callbacks:
        known = request.token in handshake.ours(subject).tokens
        expect(known, "Authorization: Token and our token in Base64", f"{request}, which has something else")
    expect(registration.callbacks, "a request to us", _reached(registration.posted))


@check("CRE-04", phase=Phase.JOINING, writes=True)
def our_versions_are_read(subject: Subject) -> None:
    """It reads our versions and details before it answers."""
    _fetched(handshake.registered(subject).callbacks)


@check("TRA-43", level=Level.SHOULD, writes=True)
def its_requests_have_ids(subject: Subject) -> None:
    """Its own requests carry UUIDs as message ids."""
    handshake.registered(subject)
    for request in handshake.ours(subject).seen:
        for name in ("x-request-id", "x-correlation-id"):
            value = request.headers.get(name, "")
            try:
                UUID(value)
            except ValueError:
                raise Unmet(f"a UUID in {name}", f"{value!r} in {request}") from None


@check("CRE-06", writes=True)
def new_token_works(subject: Subject) -> None:
    """The new token opens the door."""
    handshake.registered(subject)
    succeeded(subject.client.send("GET", subject.versions_url), "with the token of the registration")


@check("CRE-07", writes=True)
def invitation_is_dead(subject: Subject) -> None:
    """CREDENTIALS_TOKEN_A is dead after the registration."""
    registration = handshake.registered(subject)
    _dead(subject, registration.token_a, "with CREDENTIALS_TOKEN_A after the registration")


@check("CRE-08", writes=True)
def post_only_once(subject: Subject) -> None:
    """POST by who is registered gets HTTP 405."""
    handshake.registered(subject)
    seen = handshake.send(subject, "POST", handshake.ours(subject).credentials())
    handshake.take_token(subject, seen)
    answered(seen, 405)
    succeeded(subject.client.send("GET", subject.versions_url), "with the token as before")


@check("CRE-11", writes=True)
def put_reads_again(subject: Subject) -> None:
    """PUT makes it read our versions and details again."""
    counterpart = handshake.ours(subject)
    handshake.registered(subject)
    known = len(counterpart.seen)
    _renew(subject)
    _fetched(tuple(counterpart.seen[known:]))


@check("CRE-12", writes=True)
def put_renews_the_token(subject: Subject) -> None:
    """PUT gives a new token, and the old one is dead."""
    handshake.registered(subject)
    old = subject.client.token
    _renew(subject)
    expect(subject.client.token != old, "a new token", "the same token as before")
    _dead(subject, old, "with the token from before")
    succeeded(subject.client.send("GET", subject.versions_url), "with the new token")


@check("CRE-15", phase=Phase.PARTED, writes=True)
def delete_ends_it(subject: Subject) -> None:
    """DELETE ends the registration, and the token is dead."""
    deleted = handshake.registered(subject).deleted
    if deleted is None:
        raise NotApplicable("the registration did not work")
    succeeded(deleted)
    answered(subject.client.send("GET", subject.versions_url), 401, "with the token of the ended registration")


def _renew(subject: Subject) -> None:
    """PUT credentials with a new token of ours; the token that is given for it is used from then on."""
    counterpart = handshake.ours(subject)
    counterpart.renew_token()
    seen = handshake.send(subject, "PUT", counterpart.credentials())
    handshake.take_token(subject, seen)
    succeeded(seen)
    valid(Credentials, seen.data, seen)


def _dead(subject: Subject, token: str, what: str) -> None:
    alive, subject.client.token = subject.client.token, token
    try:
        answered(subject.client.send("GET", subject.versions_url), 401, what)
    finally:
        subject.client.token = alive
