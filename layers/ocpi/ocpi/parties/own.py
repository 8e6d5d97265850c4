"""Our own side: our parties and their roles, and the endpoints that follow from them."""

from dataclasses import dataclass
from functools import cached_property

from ocpi.types.credentials import Credentials, CredentialsRole
from ocpi.types.parties import Party
from ocpi.types.primitives import Role
from ocpi.types.versions import Endpoint, InterfaceRole, ModuleID, Version, VersionDetails, VersionNumber

VERSION = VersionNumber.V2_2_1
BASE_PATH = "/ocpi"

type Interface = tuple[ModuleID, InterfaceRole]


def _all(role: InterfaceRole, *modules: ModuleID) -> frozenset[Interface]:
    return frozenset((module, role) for module in modules)


_M = ModuleID
_SENDER, _RECEIVER = InterfaceRole.SENDER, InterfaceRole.RECEIVER

INTERFACES: dict[Role, frozenset[Interface]] = {
    Role.CPO: _all(_SENDER, _M.LOCATIONS, _M.SESSIONS, _M.CDRS, _M.TARIFFS)
    | _all(_RECEIVER, _M.TOKENS, _M.COMMANDS, _M.CHARGING_PROFILES, _M.HUB_CLIENT_INFO),
    # An eMSP may control charging itself, or stand between the CPO and an SCSP to which it has delegated that (CHP-30).
    Role.EMSP: _all(_SENDER, _M.TOKENS, _M.COMMANDS, _M.CHARGING_PROFILES)
    | _all(_RECEIVER, _M.LOCATIONS, _M.SESSIONS, _M.CDRS, _M.TARIFFS, _M.CHARGING_PROFILES, _M.HUB_CLIENT_INFO),
    # Beside what the specification lists, the Locations that an SCSP plans for, and the Tariffs that go with them.
    Role.SCSP: _all(_SENDER, _M.CHARGING_PROFILES)
    | _all(_RECEIVER, _M.SESSIONS, _M.LOCATIONS, _M.TARIFFS, _M.HUB_CLIENT_INFO),
    Role.NSP: _all(_RECEIVER, _M.LOCATIONS, _M.TARIFFS, _M.HUB_CLIENT_INFO),
    Role.NAP: _all(_SENDER, _M.LOCATIONS, _M.TARIFFS) | _all(_RECEIVER, _M.LOCATIONS, _M.TARIFFS, _M.HUB_CLIENT_INFO),
    Role.OTHER: _all(_RECEIVER, _M.LOCATIONS, _M.TARIFFS, _M.HUB_CLIENT_INFO),
    Role.HUB: _all(_SENDER, _M.HUB_CLIENT_INFO),
}
"""Which interfaces a market role offers (terminology.asciidoc, "Typical OCPI implementations per Role")."""


@dataclass(frozen=True)
class OwnPlatform:
    """Who we are, and how partners reach us.

    Args:
        base_url: the public URL of the API, without a slash at the end.
        roles: our parties and their market roles.

    Raises:
        ValueError: the roles cannot be those of one platform.
    """

    base_url: str
    roles: tuple[CredentialsRole, ...]

    def __post_init__(self) -> None:
        """Refuse a hub with other roles beside it (CRE-28, decision 1), no role, and one given twice (CRE-25)."""
        if not self.roles:
            raise ValueError("ROLES: a platform needs at least one role")
        if self.is_hub and any(own.role is not Role.HUB for own in self.roles):
            raise ValueError("ROLES: a hub has only the role HUB; deploy its other roles as a platform of their own")
        if len({own.key for own in self.roles}) < len(self.roles):
            raise ValueError("ROLES: the same role, country_code and party_id stand there twice")

    @property
    def is_hub(self) -> bool:
        """Whether this is a hub."""
        return any(own.role is Role.HUB for own in self.roles)

    @cached_property
    def interfaces(self) -> frozenset[Interface]:
        """What we offer, credentials apart."""
        return frozenset().union(*(INTERFACES[own.role] for own in self.roles))

    @cached_property
    def parties(self) -> tuple[Party, ...]:
        """Our parties; one may have several roles."""
        return tuple(dict.fromkeys(Party(own.country_code.upper(), own.party_id.upper()) for own in self.roles))

    @property
    def versions_url(self) -> str:
        """Where our versions are (CRE-23)."""
        return f"{self.base_url}{BASE_PATH}/versions"

    @property
    def details_url(self) -> str:
        """Where our endpoints of the version are; all of them stand below it (VER-13)."""
        return f"{self.base_url}{BASE_PATH}/{VERSION}"

    def url(self, module: ModuleID, role: InterfaceRole) -> str:
        """Where an interface of ours is."""
        return self.base_url + BASE_PATH + interface_path(module, role)

    def versions(self) -> list[Version]:
        """The versions we speak (VER-01 to VER-03)."""
        return [Version(version=VERSION, url=self.details_url)]

    def details(self) -> VersionDetails:
        """Our endpoints (VER-04 to VER-08)."""
        credentials = Endpoint(identifier=_M.CREDENTIALS, role=_SENDER, url=f"{self.details_url}/credentials")
        modules = [
            Endpoint(identifier=module, role=role, url=self.url(module, role))
            for module, role in sorted(self.interfaces)
        ]
        return VersionDetails(version=VERSION, endpoints=[credentials, *modules])

    def credentials(self, token: str) -> Credentials:
        """What a partner needs to reach us (CRE-02)."""
        return Credentials(token=token, url=self.versions_url, roles=list(self.roles))

    def party(self, role: Role) -> Party:
        """Our first party in a market role; the first of all if none has it."""
        chosen = next((own for own in self.roles if own.role is role), self.roles[0])
        return Party(chosen.country_code, chosen.party_id)

    def find(self, country_code: str, party_id: str) -> Party | None:
        """Our party of that name, in any spelling."""
        return next((party for party in self.parties if party.named(country_code, party_id)), None)

    def response_url(self, module: ModuleID, request_id: str) -> str:
        """Where the result of one request of ours is to be posted (CMD-06, CHP-13)."""
        return f"{self.url(module, _SENDER)}/results/{request_id}"


def interface_path(module: ModuleID, role: InterfaceRole) -> str:
    """The path of an interface below :data:`BASE_PATH`."""
    return f"/{VERSION}/{role.lower()}/{module}"
