"""Who may do what at which site: what the scopes of a token allow is cut down to it at each request."""

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from ocpi.store import keys
from ocpi.store.table import Table

EVERY_SITE = "*"
"""Stands for all sites, also those that are yet to come."""


class Right(StrEnum):
    """What may be done."""

    READ = "read"
    CONTROL = "control"
    """Includes reading."""
    SIGNAL = "signal"
    """To curtail, and to see what became of one's own signals."""


def with_included(rights: Iterable[Right]) -> frozenset[Right]:
    """The rights with those that they include."""
    given = frozenset(rights)
    return given | {Right.READ} if Right.CONTROL in given else given


class Grant(BaseModel):
    """What somebody may do.

    `principal` is the `sub` of the token: a person's, or the client's id where a machine has signed in. `name` is
    what the audit trail calls it: tokens tell none. `sites` has the rights by site, or :data:`EVERY_SITE`.
    """

    model_config = ConfigDict(frozen=True)

    principal: str
    name: str = ""
    sites: dict[str, tuple[Right, ...]] = {}

    def rights(self, site_id: str) -> frozenset[Right]:
        """What may be done at a site, or with :data:`EVERY_SITE` at any one there may be."""
        return with_included((*self.sites.get(EVERY_SITE, ()), *self.sites.get(site_id, ())))


class Grants:
    """The grants in the sites table; each is one item, read at every request, so what is revoked is gone at once."""

    def __init__(self, table: str) -> None:
        self._table = Table(table)

    def of(self, principal: str) -> Grant:
        """What a principal may do; nothing if it was never granted anything."""
        item = self._table.get(keys.grant(principal))
        return Grant.model_validate_json(item["document"]) if item else Grant(principal=principal)

    def all(self) -> Iterator[Grant]:
        """All grants, in the order of their principals."""
        return (Grant.model_validate_json(item["document"]) for item in self._table.query(keys.GRANTS))

    def grant(self, principal: str, site_id: str, rights: Iterable[Right], name: str | None = None) -> Grant:
        """Let a principal do just this at a site; what it may do elsewhere stays.

        Args:
            principal: who.
            site_id: where, or :data:`EVERY_SITE`.
            rights: what; all it had there before is replaced.
            name: what it is called from now on; None leaves that as it is.
        """
        ordered = tuple(right for right in Right if right in set(rights))

        def granted(known: Grant) -> Grant:
            sites = known.sites | {site_id: ordered}
            return known.model_copy(update={"sites": sites, "name": known.name if name is None else name})

        return self._change(principal, granted)

    def revoke(self, principal: str, site_id: str | None = None) -> Grant:
        """Let a principal do nothing at a site any more, or nothing at all; returns what it still may."""
        if site_id is None:
            self._table.delete(keys.grant(principal))
            return Grant(principal=principal)

        def revoked(known: Grant) -> Grant:
            return known.model_copy(
                update={"sites": {each: rights for each, rights in known.sites.items() if each != site_id}}
            )

        return self._change(principal, revoked)

    def _change(self, principal: str, change: Callable[[Grant], Grant]) -> Grant:
        return self._table.change(keys.grant(principal), Grant, change, default=Grant(principal=principal))
