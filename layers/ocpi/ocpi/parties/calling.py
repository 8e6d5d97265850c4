"""Calling a registered partner: with its token, where it advertises, as one of our parties (ROU-05, VER-12)."""

from dataclasses import dataclass

from ocpi.parties.secrets import Safe
from ocpi.store.partner import Partner, PartnerStatus
from ocpi.transport.client import PartnerClient, PartnerUnreachable
from ocpi.transport.headers import Routing
from ocpi.types.versions import InterfaceRole, ModuleID


@dataclass(frozen=True)
class Calling:
    """Makes clients for partners.

    Args:
        safe: opens the tokens that we present.
        allow_private: see :func:`ocpi.transport.addresses.resolve`.
    """

    safe: Safe
    allow_private: bool

    def client(self, partner: Partner, routing: Routing | None) -> PartnerClient:
        """A client that presents the partner's token; `routing` is None on configuration modules (ROU-02).

        Raises:
            PartnerUnreachable: the partner is not registered.
        """
        if partner.status is not PartnerStatus.REGISTERED or partner.sealed_token is None:
            raise PartnerUnreachable("the partner is not registered")
        token = self.safe.open(partner.sealed_token, partner.id)
        return PartnerClient(token, allow_private=self.allow_private, routing=routing)


def endpoint(partner: Partner, module: ModuleID, role: InterfaceRole) -> str:
    """Where a partner offers an interface, without a slash at the end (decision 29).

    Raises:
        PartnerUnreachable: it does not offer it.
    """
    url = partner.endpoint(module, role)
    if url is None:
        raise PartnerUnreachable(f"the partner offers no {role.lower()} of {module}")
    return url.rstrip("/")
