"""Parties as this API's bodies name them."""

from ocpi.types.parties import Party
from ocpi.types.primitives import CountryCode, OcpiModel, PartyId


class PartyName(OcpiModel):
    """A party."""

    country_code: CountryCode
    party_id: PartyId

    @property
    def party(self) -> Party:
        """The same, as the rest of the platform names it."""
        return Party(self.country_code.upper(), self.party_id.upper())
