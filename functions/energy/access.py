"""Who calls, and what that caller may do where: the scopes of its token, cut down to its grants."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.types import Scope

from energy.answers import Refusal, no_such
from ocpi.energy.edit import By
from ocpi.store.grants import EVERY_SITE, Grant, Grants, Right, with_included

_SCOPE = "energy/"
_SITE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_LONGEST_PRINCIPAL = 255


@dataclass(frozen=True)
class Caller:
    """Somebody whose token API Gateway has checked.

    Args:
        principal: the `sub` of the token.
        scopes: what the token is for.
        grant: what was granted to its bearer.
    """

    principal: str
    scopes: frozenset[Right]
    grant: Grant

    @property
    def name(self) -> str:
        """What it is called in the audit trail."""
        return self.grant.name or self.principal

    def rights(self, site_id: str) -> frozenset[Right]:
        """What it may do at a site."""
        return with_included(self.scopes) & self.grant.rights(site_id)

    @property
    def may_create(self) -> bool:
        """Whether it may describe new sites."""
        return Right.CONTROL in self.rights(EVERY_SITE)

    def by(self, *, revision: str | None = None, confirmed: bool = False, reason: str | None = None) -> By:
        """The caller as the one who edits a site."""
        return By(self.name, revision, confirmed, reason)


def caller(scope: Scope, grants: Grants) -> Caller:
    """Who calls. The claims are looked at once more: a route without an authorizer by mistake lets nobody in.

    Raises:
        Refusal: there is no token, or one that is not for this.
    """
    context: dict[str, Any] = scope["aws.event"]["requestContext"]
    claims = ((context.get("authorizer") or {}).get("jwt") or {}).get("claims") or {}
    principal = claims.get("sub")
    if not isinstance(principal, str) or not 0 < len(principal) <= _LONGEST_PRINCIPAL:
        raise _unauthorized("give an access token: 'Authorization: Bearer …'")
    if claims.get("token_use") != "access" or _expired(claims):
        raise _unauthorized("the token is none for access, or has expired: sign in again")
    return Caller(principal, _scopes(claims), grants.of(principal))


def calling(request: Request) -> Caller:
    """Who has sent a request."""
    found: Caller = request.state.caller
    return found


def site_of(request: Request, *rights: Right) -> str:
    """The id of the site in the path, at which the caller has one of `rights`.

    Raises:
        Refusal: it has none. Who has no right at all there does not hear whether there is such a site.
    """
    site_id: str = request.path_params["site_id"]
    who = calling(request)
    had = who.rights(site_id) if _SITE_ID.fullmatch(site_id) else frozenset()
    if not had:
        raise no_such(f"site {site_id[:64]!r}")
    if had.isdisjoint(rights):
        raise _forbidden(who, site_id, rights[0])
    return site_id


def _forbidden(who: Caller, site_id: str, right: Right) -> Refusal:
    granted = right in who.grant.rights(site_id)
    lack = f"the token lacks the scope {_SCOPE}{right}" if granted else f"{right} is not granted to you there"
    return Refusal(HTTPStatus.FORBIDDEN, f"that needs the right to {right} at site {site_id!r}: {lack}")


def _unauthorized(detail: str) -> Refusal:
    return Refusal(HTTPStatus.UNAUTHORIZED, detail)


def _scopes(claims: Mapping[str, object]) -> frozenset[Right]:
    names = {name.removeprefix(_SCOPE) for name in str(claims.get("scope", "")).split() if name.startswith(_SCOPE)}
    return frozenset(right for right in Right if right in names)


def _expired(claims: Mapping[str, object]) -> bool:
    """By the time of those who gave the token, not by a simulated one."""
    expires = str(claims.get("exp", ""))
    return not expires.isdecimal() or int(expires[:18]) <= time.time()
