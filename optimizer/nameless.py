"""Drivers without names: what a run reads is kept with it for long, and it needs to know nobody by a token.

A Session's token becomes its number among those of the run. What was learned of its driver stands under that one's
scope then, so that the run decides by it, and does so again when it is done again.
"""

from collections.abc import Callable, Iterable, Mapping

from pydantic import ValidationError

from ocpi import wire
from ocpi.types.periods import CdrToken
from ocpi.types.sessions import Session
from ocpi.visits.visit import GREW_AT, PREFERENCES, SITE, arrival, preferences

KEPT = {*Session.model_fields, GREW_AT, PREFERENCES} - {"cdr_token", "authorization_reference"}
"""Of a Session as it was told; whatever else its partner has put into it may name somebody."""

type Documents = dict[str, wire.JsonObject]


def nameless(
    site_id: str, sessions: Mapping[str, wire.JsonObject], learned: Callable[[Iterable[str]], Documents]
) -> tuple[Documents, Documents]:
    """The sessions of a site without their tokens, and what was learned of them, by scope.

    Args:
        site_id: the site.
        sessions: by ObjectId.text, as they were told.
        learned: tells what is known of the scopes that it is asked for.
    """
    told = dict(sorted(sessions.items()))
    kept = {id_: _without_token(document, number) for number, (id_, document) in enumerate(told.items(), 1)}
    renamed = {SITE: SITE}
    for id_, document in told.items():
        renamed |= zip(_scopes(site_id, kept[id_]), _scopes(site_id, document), strict=False)
    known = learned({*renamed.values()})
    return kept, {scope: known[before] for scope, before in renamed.items() if before in known}


def _without_token(document: wire.JsonObject, number: int) -> wire.JsonObject:
    """A token that cannot be read is none."""
    kept = {name: value for name, value in document.items() if name in KEPT}
    try:
        token = CdrToken.model_validate(document.get("cdr_token"))
    except ValidationError:
        return kept
    return kept | {"cdr_token": token.model_dump(mode="json") | {"uid": str(number), "contract_id": str(number)}}


def _scopes(site_id: str, document: wire.JsonObject) -> tuple[str, ...]:
    """Of what that was learned a session may remind."""
    try:
        session = Session.model_validate(document)
    except ValidationError:
        return ()
    return arrival(site_id, session, preferences(document)).scopes
