"""Which parties a partner may say are its own: whoever has a party is given its data."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ocpi.parties.own import OwnPlatform
from ocpi.store.partner import Partner, PartnerStatus
from ocpi.transport.status import invalid
from ocpi.types.credentials import CredentialsRole
from ocpi.types.parties import Party
from ocpi.types.primitives import Role

_CONNECTED = {PartnerStatus.REGISTERED, PartnerStatus.SUSPENDED}
_SEES_OTHERS = {Role.HUB, Role.SCSP}
"""Market roles to which data of other parties is given."""


@dataclass(frozen=True)
class Claim:
    """One role that a partner says it has."""

    role: Role
    party: Party

    @classmethod
    def of(cls, told: CredentialsRole) -> "Claim":
        """The claim in a role, the same for any spelling."""
        _, country_code, party_id = told.key
        return cls(told.role, Party(country_code, party_id))

    def __str__(self) -> str:
        return f"{self.role}:{self.party}"


def pins(roles: Iterable[CredentialsRole]) -> frozenset[str]:
    """What :attr:`Partner.pinned` holds for these roles."""
    return frozenset(str(Claim.of(role)) for role in roles)


@dataclass(frozen=True)
class Claims:
    """What one partner may claim.

    Args:
        own: our parties, which are nobody else's.
        others: all partners; the parties of those that are registered or suspended are theirs.
        claimant: the partner as it is before it has the roles.
    """

    own: OwnPlatform
    others: Iterable[Partner]
    claimant: Partner

    def require(self, roles: Sequence[CredentialsRole]) -> None:
        """Make sure that the partner may have these roles.

        Raises:
            OcpiError: 2001 naming the first that it must not have.
        """
        taken = {
            Claim.of(role)
            for other in self.others
            if other.id != self.claimant.id and other.status in _CONNECTED
            for role in other.roles
        }
        for index, claim in enumerate(map(Claim.of, roles)):
            reason = self._taken(claim, taken) or self._not_allowed(claim, taken)
            if reason:
                raise invalid(f"/roles/{index}: {claim} {reason}")

    def _taken(self, claim: Claim, taken: set[Claim]) -> str | None:
        """Why nobody could allow it."""
        if self.own.find(claim.party.country_code, claim.party.party_id):
            return "is a party of this platform"
        return "is a role of another partner of this platform" if claim in taken else None

    def _not_allowed(self, claim: Claim, taken: set[Claim]) -> str | None:
        """Why the operator has to allow it first; what is pinned is allowed."""
        pinned, claimant = self.claimant.pinned, self.claimant
        if str(claim) in pinned:
            return None
        if pinned:
            return f"is not among the roles that were agreed on: {', '.join(sorted(pinned))}"
        if claim.party in {other.party for other in taken}:
            return "is a party of another partner of this platform, whose operator has to allow it in this role"
        known = {role.role for role in claimant.roles}
        if claimant.status in _CONNECTED and claim.role in _SEES_OTHERS - known:
            return "is given data of other parties; the operator of this platform has to allow it"
        return None
