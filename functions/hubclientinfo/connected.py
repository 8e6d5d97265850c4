"""The parties that are connected to us as a hub: the roles of our partners (HUB-06 to HUB-08)."""

from dataclasses import dataclass
from functools import cached_property

from ocpi import wire
from ocpi.store import keys
from ocpi.store.lists import ObjectList, Page, Window
from ocpi.store.partner import Partner, PartnerStatus
from ocpi.store.partners import Partners
from ocpi.types.hubclientinfo import ClientInfo, ConnectionStatus

_STATUSES = {
    PartnerStatus.INVITED: ConnectionStatus.PLANNED,
    PartnerStatus.REGISTERING: ConnectionStatus.PLANNED,
    PartnerStatus.REGISTERED: ConnectionStatus.CONNECTED,
    PartnerStatus.SUSPENDED: ConnectionStatus.OFFLINE,
    PartnerStatus.UNREGISTERED: ConnectionStatus.SUSPENDED,
}


@dataclass(frozen=True)
class Connected:
    """A list of ClientInfo, one for each role of each partner other than the one that asks.

    Partners are few, so they are all read for each page.
    """

    partners: Partners
    caller: Partner

    def page(self, _objects: ObjectList, window: Window, after: str, limit: int) -> Page:
        """At most `limit` of them that stand behind the position `after`."""
        left = [(position, info) for position, info in self._listed(window) if position > after]
        shown = left[:limit]
        return Page([wire.dumps(info).decode() for _, info in shown], shown[-1][0] if len(left) > limit else None)

    def skip(self, _objects: ObjectList, window: Window, offset: int) -> str | None:
        """The position of the last of the first `offset`, empty for none; None if there are not so many."""
        listed = self._listed(window)
        if offset > len(listed):
            return None
        return listed[offset - 1][0] if offset else ""

    def total(self, _objects: ObjectList, window: Window) -> int:
        """How many they are."""
        return len(self._listed(window))

    def _listed(self, window: Window) -> list[tuple[str, ClientInfo]]:
        """Each with its position, which orders them by time of change."""
        return [(position, info) for position, info in self._all if window.first <= position <= window.last]

    @cached_property
    def _all(self) -> list[tuple[str, ClientInfo]]:
        others = (partner for partner in self.partners.all() if partner.id != self.caller.id)
        listed = ((_position(info), info) for partner in others for info in _of(partner))
        return sorted(listed, key=lambda entry: entry[0])


def _of(partner: Partner) -> list[ClientInfo]:
    return [
        ClientInfo(
            party_id=role.party_id,
            country_code=role.country_code,
            role=role.role,
            status=_STATUSES[partner.status],
            last_updated=partner.last_updated,
        )
        for role in partner.roles
    ]


def _position(info: ClientInfo) -> str:
    return f"{keys.sortable(info.last_updated)}#{info.country_code}*{info.party_id}*{info.role}".upper()
