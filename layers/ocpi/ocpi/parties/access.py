"""Whose token opens which door (TRA-05, TRA-06)."""

from ocpi.parties.secrets import Hasher
from ocpi.store.partner import Partner, PartnerStatus
from ocpi.store.partners import Partners
from ocpi.transport.quirks import Quirk
from ocpi.transport.tokens import Presented

_CONNECTING = {PartnerStatus.INVITED, PartnerStatus.REGISTERING, PartnerStatus.REGISTERED}


class Access:
    """Finds the partner that presents a token.

    The token is looked up by its keyed hash in one strongly consistent read, so a rotated or revoked token is dead
    at once; nothing is cached.
    """

    def __init__(self, partners: Partners, hasher: Hasher) -> None:
        self._partners = partners
        self._hasher = hasher

    def registered(self, presented: Presented) -> Partner | None:
        """For functional modules: partners that have registered."""
        partner = self._find(presented)
        return partner if partner and partner.status is PartnerStatus.REGISTERED else None

    def connecting(self, presented: Presented) -> Partner | None:
        """For versions and credentials: also those that are about to register."""
        partner = self._find(presented)
        return partner if partner and partner.status in _CONNECTING else None

    def _find(self, presented: Presented) -> Partner | None:
        partner = self._partners.by_token_hash(self._hasher.hash(presented.token))
        if partner and presented.plain and not partner.has(Quirk.PLAIN_TOKENS):
            return None
        return partner
