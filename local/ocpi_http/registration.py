"""The credentials handshake, from either side, and what it leaves: tokens and endpoints."""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from pydantic import TypeAdapter

from local.ocpi_http.client import Client, OcpiError, Unreachable
from ocpi.types.credentials import Credentials, CredentialsRole
from ocpi.types.parties import Party
from ocpi.types.versions import InterfaceRole, ModuleID, Version, VersionDetails, VersionNumber

type Interface = tuple[ModuleID, InterfaceRole]

RENEWAL_PAUSES = (0.5, 1.0, 2.0, 5.0, 10.0)
"""Real seconds to wait before a new token is told again, after no usable answer."""


class Refused(Exception):
    """A registration did not come about; `status_code` is OCPI's word for the reason, the message ours."""

    def __init__(self, message: str, status_code: int = 3000) -> None:
        super().__init__(message)
        self.status_code = status_code


@dataclass(frozen=True)
class Partner:
    """A registered platform: the token to present to it, where its interfaces are, and its first party."""

    token: str
    endpoints: dict[tuple[str, str], str]
    country_code: str
    party_id: str

    def url(self, module: ModuleID, role: InterfaceRole) -> str:
        """Where an interface of a module is."""
        return self.endpoints[module, role]

    def offers(self, module: ModuleID, role: InterfaceRole) -> bool:
        """Whether it has an interface."""
        return (module, role) in self.endpoints

    def routing(self, sender: Party) -> dict[str, str]:
        """The headers that say from which party a message to it is, and to which (functional modules only)."""
        return {
            "OCPI-from-country-code": sender.country_code,
            "OCPI-from-party-id": sender.party_id,
            "OCPI-to-country-code": self.country_code,
            "OCPI-to-party-id": self.party_id,
        }


@dataclass
class Registration:
    """Who may call us, and whom we may call.

    Args:
        versions_url: where our versions are.
        roles: who we are.
        needed: the interfaces that a platform must offer, or it is not registered with.
        invited: a token that only opens the handshake.
        accepted: the token that the registered partner presents.
        partner: the registered platform; `done` is set as soon as there is one.
    """

    versions_url: str
    roles: Sequence[CredentialsRole]
    needed: Sequence[Interface] = ()
    invited: str | None = None
    accepted: str | None = None
    partner: Partner | None = None
    done: asyncio.Event = field(default_factory=asyncio.Event)

    def credentials(self, token: str) -> Credentials:
        """Our Credentials object with a token."""
        return Credentials(token=token, url=self.versions_url, roles=list(self.roles))

    async def register(self, client: Client, versions_url: str, token_a: str) -> None:
        """Register with a platform that invited us with `token_a`.

        Raises:
            Refused: it cannot be reached, lacks an interface, or says no; nothing is registered then.
        """
        endpoints = await self._endpoints_of(client, versions_url, token_a)
        token_b = new_token()
        self.accepted = token_b  # the platform calls back with it before it answers
        try:
            answer = await client.call("POST", _credentials_url(endpoints), token_a, self.credentials(token_b))
            theirs = Credentials.model_validate(answer)
        except (OcpiError, Unreachable, ValueError) as error:
            self.accepted = None
            raise Refused(f"the platform refused the credentials: {error}") from error
        self._enter(_partner(theirs, endpoints))

    async def admit(self, client: Client, theirs: Credentials) -> Credentials:
        """A platform registers, or renews its registration, with its Credentials; our answer holds its new
        token.

        Raises:
            Refused: its versions cannot be fetched (3001), lack 2.2.1 (3002) or interfaces (3003).
        """
        endpoints = await self._endpoints_of(client, theirs.url, theirs.token)
        self._enter(_partner(theirs, endpoints))
        self.accepted = new_token()
        self.invited = None
        return self.credentials(self.accepted)

    async def rotate(self, client: Client) -> None:
        """Refuse the platform's token from this moment on, and PUT a new one to its credentials.

        Raises:
            Refused: it does not take it, or cannot be reached for long.
        """
        partner = self.partner
        if partner is None:
            return
        self.accepted = new_token()
        try:
            answer = await self._told(client, partner, self.credentials(self.accepted))
            theirs = Credentials.model_validate(answer)
        except (OcpiError, Unreachable, ValueError) as error:
            raise Refused(f"the platform refused the new token: {error}") from error
        self.partner = replace(partner, token=theirs.token)

    async def _told(self, client: Client, partner: Partner, ours: Credentials) -> object:
        for pause in RENEWAL_PAUSES:
            try:
                return await client.call("PUT", _credentials_url(partner.endpoints), partner.token, ours)
            except Unreachable:
                await asyncio.sleep(pause)
        return await client.call("PUT", _credentials_url(partner.endpoints), partner.token, ours)

    def forget(self) -> None:
        """The registration is over, in both directions."""
        self.accepted = None
        self.partner = None

    def _enter(self, partner: Partner) -> None:
        self.partner = partner
        self.done.set()

    async def _endpoints_of(self, client: Client, versions_url: str, token: str) -> dict[tuple[str, str], str]:
        """The endpoints that a platform offers in OCPI 2.2.1, by module and role.

        Raises:
            Refused: not to be had (3001), no 2.2.1 (3002), or an interface that we need is missing (3003).
        """
        try:
            listed = await client.call("GET", versions_url, token)
            versions = TypeAdapter(list[Version]).validate_python(listed)
            url = {version.version: version.url for version in versions}.get(VersionNumber.V2_2_1)
            if url is None:
                raise Refused(f"{versions_url} does not offer OCPI 2.2.1", 3002)
            details = VersionDetails.model_validate(await client.call("GET", url, token))
        except (OcpiError, Unreachable, ValueError) as error:
            raise Refused(f"{versions_url} cannot be used: {error}", 3001) from error
        endpoints = {(endpoint.identifier, str(endpoint.role)): endpoint.url for endpoint in details.endpoints}
        missing = [f"{module} {role}" for module, role in self.needed if (module, role) not in endpoints]
        if missing:
            raise Refused(f"{versions_url} does not offer {', '.join(missing)}", 3003)
        return endpoints


def new_token() -> str:
    """A token nobody can guess."""
    return secrets.token_urlsafe(32)


def _credentials_url(endpoints: dict[tuple[str, str], str]) -> str:
    """Where its credentials module is; the role given there means nothing (VER-08)."""
    urls = [url for (module, _), url in endpoints.items() if module == ModuleID.CREDENTIALS]
    if not urls:
        raise Refused("the platform offers no credentials module", 3003)
    return urls[0]


def _partner(theirs: Credentials, endpoints: dict[tuple[str, str], str]) -> Partner:
    role = theirs.roles[0]
    return Partner(theirs.token, endpoints, role.country_code, role.party_id)
