"""Credentials module: how two platforms reach each other (credentials.asciidoc)."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from ocpi.types.business import BusinessDetails
from ocpi.types.primitives import CountryCode, OcpiModel, OneOrMore, PartyId, Role, Text, Url


class CredentialsRole(OcpiModel):
    """One party in one market role (CRE-24)."""

    role: Role
    business_details: BusinessDetails
    party_id: PartyId
    country_code: CountryCode

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes a role unique, without regard to case (CRE-25)."""
        return self.role, self.country_code.upper(), self.party_id.upper()


class Credentials(OcpiModel):
    """The token to use with a platform, where its versions are, and who its parties are (CRE-21 to CRE-26)."""

    token: Annotated[Text, Field(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+$")]
    url: Url
    roles: OneOrMore[CredentialsRole]

    @model_validator(mode="after")
    def _roles_differ(self) -> Self:
        keys = [role.key for role in self.roles]
        if len(set(keys)) < len(keys):
            raise ValueError("roles holds the same role, country_code and party_id twice")
        return self
