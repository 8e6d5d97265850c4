"""Tokens pushed to the platform, and real-time authorisation of its own."""

from cli.check.registry import check, receiver, sender
from cli.check.rules.lists import pulls
from cli.check.samples import moment
from cli.check.store import Store, offered_method
from cli.check.subject import Subject
from cli.check.verdict import NotApplicable, answered, expect, refused, succeeded, valid
from ocpi.types.tokens import AuthorizationInfo

TOKENS = receiver("tokens")


def _store(subject: Subject) -> Store:
    return Store(subject, "tokens")


@check("TOK-01", *TOKENS, writes=True)
def token_is_read(subject: Subject) -> None:
    """A Token can be read back, and type defaults to RFID."""
    store = _store(subject)
    document = store.stored()
    store.holds(document)
    seen = store.ask("GET", document, query={"type": "RFID"})
    succeeded(seen, "with type=RFID")
    other = store.ask("GET", document, query={"type": "APP_USER"})
    expect(not other.ok, "no success for another type", other)


@check("TOK-02", *TOKENS, writes=True)
def token_is_stored(subject: Subject) -> None:
    """PUT replaces a Token, and the party in URL and body must agree."""
    store = _store(subject)
    document = store.stored()
    later = document | {"issuer": "changed", "last_updated": moment(1)}
    succeeded(store.put(later))
    store.holds(later)
    refused(store.ask("PUT", document, body=document | {"party_id": "ZZZ", "last_updated": moment(2)}))


@check("TOK-03", *TOKENS, writes=True)
def token_patch_merges(subject: Subject) -> None:
    """PATCH changes the given fields, and needs last_updated."""
    store = _store(subject)
    document = store.stored()
    change = {"visual_number": "changed", "last_updated": moment(1)}
    succeeded(store.patch(document, change))
    store.holds(document | change)
    refused(store.patch(document, {"visual_number": "again"}))
    store.holds(document | change)


@check("TOK-04", *TOKENS, writes=True)
def tokens_stay(subject: Subject) -> None:
    """Tokens cannot be deleted or posted."""
    store = _store(subject)
    document = store.stored()
    offered_method(subject, store.ask("DELETE", document))
    offered_method(subject, store.ask("POST", document, body=document))
    store.holds(document)


@check("TOK-05", *TOKENS, writes=True)
def token_is_made_invalid(subject: Subject) -> None:
    """A Token can be made invalid."""
    store = _store(subject)
    document = store.stored(valid=True)
    change = {"valid": False, "last_updated": moment(1)}
    succeeded(store.patch(document, change))
    store.holds(document | change)


@check("TOK-06", *TOKENS, writes=True)
def token_type_counts(subject: Subject) -> None:
    """The same uid with another type is another Token."""
    store = _store(subject)
    card = store.stored(issuer="card")
    app = card | {"type": "APP_USER", "issuer": "app"}
    succeeded(store.ask("PUT", app, body=app, query={"type": "APP_USER"}))
    store.holds(card)
    seen = store.ask("GET", app, query={"type": "APP_USER"})
    expect(succeeded(seen).get("issuer") == "app", "the Token of type APP_USER", seen)


@check("TOK-10", *sender("tokens"), writes=True)
def known_token_is_judged(subject: Subject) -> None:
    """A known Token gets AuthorizationInfo."""
    known = [entry for pull in pulls(subject, 1) if pull.interface.module == "tokens" for entry in pull.objects]
    if not known:
        raise NotApplicable("there are no tokens")
    uid, type_ = str(known[0].get("uid")), str(known[0].get("type"))
    tokens = subject.interface("tokens", "SENDER")
    seen = subject.ask("POST", tokens, uid, "authorize", query={"type": type_})
    if seen.code == 2002:
        raise NotApplicable("the platform decides only with a location (TOK-12)")
    valid(AuthorizationInfo, succeeded(seen), seen)


@check("TOK-11", *sender("tokens"), writes=True)
def unknown_token_is_told(subject: Subject) -> None:
    """An unknown Token gets HTTP 404 with 2004 and no data."""
    seen = subject.ask("POST", subject.interface("tokens", "SENDER"), subject.new_id(), "authorize")
    answered(seen, 404)
    refused(seen, 2004)
    expect(not seen.data, "no data", seen)
