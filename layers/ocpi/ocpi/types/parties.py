"""A party, as routing headers, URLs, roles and objects all name it."""

from dataclasses import dataclass

from ocpi.types.primitives import same


@dataclass(frozen=True)
class Party:
    """The country code and party id of a party, in the spelling in which they came."""

    country_code: str
    party_id: str

    def __str__(self) -> str:
        return f"{self.country_code}/{self.party_id}"

    def named(self, country_code: str, party_id: str) -> bool:
        """Whether these name the party: the case does not count (TYP-01)."""
        return same(self.country_code, country_code) and same(self.party_id, party_id)
