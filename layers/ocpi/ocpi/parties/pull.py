"""Getting from a partner what it owns, by its lists: after an outage, on doubt, or instead of being told (TRA-45)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from ocpi import clock
from ocpi.parties.calling import Calling, address
from ocpi.parties.own import INTERFACES, OwnPlatform
from ocpi.parties.taking import Pulled, Taking
from ocpi.store.lists import Lists, ObjectList
from ocpi.store.objects import Objects
from ocpi.store.partner import Partner
from ocpi.store.pulls import Pulls
from ocpi.transport.client import PartnerUnreachable
from ocpi.transport.crawling import BrokenList, crawl
from ocpi.transport.headers import Routing
from ocpi.types.credentials import CredentialsRole
from ocpi.types.parties import Party
from ocpi.types.primitives import Role, format_datetime
from ocpi.types.versions import InterfaceRole, ModuleID

MODULES = (
    ModuleID.HUB_CLIENT_INFO,
    ModuleID.LOCATIONS,
    ModuleID.TARIFFS,
    ModuleID.TOKENS,
    ModuleID.SESSIONS,
    ModuleID.CDRS,
)
"""The modules that have lists."""

EVER = datetime(1970, 1, 1, tzinfo=UTC)
"""The `date_from` of all Sessions, whose list is never asked for without one (SES-01)."""

_BY_PARTY = (ModuleID.SESSIONS, ModuleID.CDRS)
"""Lists that show each of our parties what concerns its own drivers."""

_REPLACED = (ModuleID.LOCATIONS, ModuleID.TARIFFS)
"""What is no longer valid once a full list does not have it (LOC-05, TAR-02). Tokens are never taken away (TOK-08)."""

type Progress = Callable[[Pulled, int | None], None]
"""Is told after each page how far it is, and how many objects the partner says there are."""


@dataclass(frozen=True)
class Pulling:
    """Pulls the lists of partners."""

    own: OwnPlatform
    objects: Objects
    lists: Lists
    pulls: Pulls
    calling: Calling

    def modules(self, partner: Partner) -> list[ModuleID]:
        """What there is to pull: we are a receiver of it, and the partner offers its list."""
        return [
            module
            for module in MODULES
            if (module, InterfaceRole.RECEIVER) in self.own.interfaces
            and partner.endpoint(module, InterfaceRole.SENDER)
        ]

    def pull(
        self,
        partner: Partner,
        module: ModuleID,
        progress: Progress = lambda _pulled, _total: None,
        *,
        since: datetime | None = None,
        full: bool = False,
    ) -> Pulled:
        """Store what the partner's list has, newest wins; an object that is wrong is left out (TRA-29, decision 35).

        Args:
            partner: whose list.
            module: which list.
            progress: is told after each page.
            since: what has changed since then; else since the last pull began that came to its end (TRA-45). Of a hub
                it is everything: it may not have had the objects of a party then that was offline.
            full: all there is, whenever it changed. Locations that are on no page are then no longer listed (LOC-05),
                and Tariffs are removed (TAR-02).
        """
        pulled = Pulled(module)
        taking = Taking(self.own, self.objects, self.lists, partner, pulled, sweeping=full and module in _REPLACED)
        try:
            for routing in self._conversations(partner, module):
                began = clock.now()
                whole = _remembered(partner, module, routing) if since is None else None
                last = self.pulls.last(*whole) if whole and not full else None
                if routing and routing.receiver and not partner.is_hub:
                    taking.expect(routing.receiver)
                for page in crawl(self.calling.client(partner, routing), _url(partner, module, since or last)):
                    pulled.pages += 1
                    for place, item in enumerate(page.items, 1):
                        taking.take(item, f"object {place} of page {pulled.pages}")
                    progress(pulled, page.total)
                if whole:
                    self.pulls.done(*whole, began)
            taking.sweep()
        except (BrokenList, PartnerUnreachable) as error:
            pulled.error = str(error)
        return pulled

    def _conversations(self, partner: Partner, module: ModuleID) -> Iterator[Routing | None]:
        """Who asks whom; a hub answers for all who are connected to it (ROU-20, ROU-26)."""
        if module is ModuleID.HUB_CLIENT_INFO:  # a configuration module (ROU-02)
            yield None
            return
        ours = _parties(self.own.roles, module, InterfaceRole.RECEIVER)
        hub = partner.party(Role.HUB)
        theirs = [hub] if hub else _parties(partner.roles, module, InterfaceRole.SENDER)
        for sender in ours if module in _BY_PARTY else ours[:1]:
            for receiver in theirs:
                yield Routing(sender, receiver)


def _remembered(partner: Partner, module: ModuleID, routing: Routing | None) -> tuple[ObjectList, Party] | None:
    """The list whose pulls are remembered, and by whom; those of hubs are not."""
    if partner.is_hub or routing is None or routing.sender is None or routing.receiver is None:
        return None
    return ObjectList.of_partner(partner.id, module, routing.receiver), routing.sender


def _url(partner: Partner, module: ModuleID, since: datetime | None) -> str:
    url = address(partner, module, InterfaceRole.SENDER)
    if since is None and module is ModuleID.SESSIONS:
        since = EVER
    return f"{url}?{urlencode({'date_from': format_datetime(since)})}" if since else url


def _parties(roles: Sequence[CredentialsRole], module: ModuleID, side: InterfaceRole) -> list[Party]:
    """The parties among `roles` that have one side of a module; all of them if none has by the book."""
    having = [role for role in roles if (module, side) in INTERFACES[role.role]] or roles
    return list(dict.fromkeys(Party(role.country_code, role.party_id) for role in having))
