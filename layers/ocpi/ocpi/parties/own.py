"""Our own side: the roles we have, and the endpoints that we offer."""

from dataclasses import dataclass

from ocpi.transport.headers import Party
from ocpi.types.credentials import Credentials, CredentialsRole
from ocpi.types.primitives import Role
from ocpi.types.versions import Endpoint, InterfaceRole, ModuleID, Version, VersionDetails, VersionNumber

VERSION = VersionNumber.V2_2_1

INTERFACES = (
    (ModuleID.CREDENTIALS, InterfaceRole.SENDER, "/credentials"),
    (ModuleID.LOCATIONS, InterfaceRole.RECEIVER, "/receiver/locations"),
    (ModuleID.SESSIONS, InterfaceRole.RECEIVER, "/receiver/sessions"),
    (ModuleID.CHARGING_PROFILES, InterfaceRole.SENDER, "/sender/chargingprofiles"),
)
"""What the platform mounts, each under ``/ocpi/2.2.1`` (VER-06, VER-08, VER-13)."""


@dataclass(frozen=True)
class OwnPlatform:
    """How partners reach us.

    Args:
        base_url: the public URL of the API, without a slash at the end.
        roles: our parties and their market roles.
    """

    base_url: str
    roles: tuple[CredentialsRole, ...]

    @property
    def versions_url(self) -> str:
        """Where our versions are (CRE-23)."""
        return f"{self.base_url}/ocpi/versions"

    @property
    def details_url(self) -> str:
        """Where our endpoints of the version are; all of them stand below it."""
        return f"{self.base_url}/ocpi/{VERSION}"

    def versions(self) -> list[Version]:
        """The versions we speak (VER-01 to VER-03)."""
        return [Version(version=VERSION, url=self.details_url)]

    def details(self) -> VersionDetails:
        """Our endpoints (VER-04 to VER-07)."""
        return VersionDetails(
            version=VERSION,
            endpoints=[
                Endpoint(identifier=module, role=role, url=self.details_url + path) for module, role, path in INTERFACES
            ],
        )

    def credentials(self, token: str) -> Credentials:
        """What a partner needs to reach us (CRE-02)."""
        return Credentials(token=token, url=self.versions_url, roles=list(self.roles))

    def party(self, role: Role) -> Party:
        """Our party in a market role; the first one if none has it."""
        chosen = next((own for own in self.roles if own.role is role), self.roles[0])
        return Party(chosen.country_code, chosen.party_id)

    def response_url(self, request_id: str) -> str:
        """Where the result of one request about a charging profile is to be posted (CHP-13)."""
        return f"{self.details_url}/sender/chargingprofiles/results/{request_id}"
