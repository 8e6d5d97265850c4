"""Calling a registered partner: with its token, where it advertises, as one of our parties (ROU-05, VER-12)."""

from dataclasses import dataclass
from urllib.parse import quote

from ocpi.parties import clients
from ocpi.parties.secrets import Safe
from ocpi.store.objects import Objects
from ocpi.store.partner import Partner, PartnerStatus, Quirk
from ocpi.transport.client import PartnerClient, PartnerUnreachable
from ocpi.transport.headers import Routing
from ocpi.types.hubclientinfo import ConnectionStatus
from ocpi.types.parties import Party
from ocpi.types.versions import InterfaceRole, ModuleID


class NotConnected(PartnerUnreachable):
    """A hub has told that the party behind it cannot be reached now, so it is not called (HUB-10 to HUB-12)."""


@dataclass(frozen=True)
class Calling:
    """Makes clients for partners.

    Args:
        safe: opens the tokens that we present.
        allow_private: see :func:`ocpi.transport.addresses.resolve`.
        objects: where it stands which parties are connected to a hub.
    """

    safe: Safe
    allow_private: bool
    objects: Objects

    def client(self, partner: Partner, routing: Routing | None, *, correlation_id: str | None = None) -> PartnerClient:
        """A client that presents the partner's token; `routing` is None on configuration modules (ROU-02).

        Args:
            partner: whom to call.
            routing: who speaks to whom.
            correlation_id: of the request that these continue, if it is not the one that is being served.

        Raises:
            PartnerUnreachable: the partner is not registered.
            NotConnected: the receiver is a party behind this hub that is not connected to it.
        """
        if partner.status is not PartnerStatus.REGISTERED or partner.sealed_token is None:
            raise PartnerUnreachable("the partner is not registered")
        if routing and routing.receiver:
            self.require_reachable(partner, routing.receiver)
        token = self.safe.open(partner.sealed_token, partner.id)
        plain = partner.has(Quirk.PLAIN_TOKENS)
        return PartnerClient(
            token,
            allow_private=self.allow_private,
            routing=routing,
            plain_token=plain,
            partner_id=partner.id,
            correlation_id=correlation_id,
        )

    def require_reachable(self, partner: Partner, party: Party) -> None:
        """Make sure that requests may be sent to a party over a partner's connection (HUB-09 to HUB-12).

        Raises:
            NotConnected: it is behind a hub, which has told that it is OFFLINE, PLANNED or SUSPENDED.
        """
        if not partner.is_hub or partner.hosts(party):
            return
        status = clients.connection(self.objects, partner.id, party)
        if status not in (ConnectionStatus.CONNECTED, None):
            raise NotConnected(f"{party} is {status} at the hub {partner.id}")


def address(partner: Partner, module: ModuleID, role: InterfaceRole, *parts: str) -> str:
    """The URL of something at a partner's interface: `parts` are joined to it by one slash each (decision 29).

    Raises:
        PartnerUnreachable: it does not offer the interface.
    """
    endpoint = partner.endpoint(module, role)
    if endpoint is None:
        raise PartnerUnreachable(f"the partner offers no {role.lower()} of {module}")
    url = "/".join([endpoint.rstrip("/"), *(quote(part, safe="") for part in parts)])
    return f"{url}/" if partner.has(Quirk.TRAILING_SLASH) else url
