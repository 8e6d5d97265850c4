"""The platform under test: what it has told about itself, and how to ask it for more."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urljoin
from uuid import uuid4

from cli.check.client import Client, Headers
from cli.check.counterpart import Counterpart, Seen
from cli.check.exchange import Exchange
from cli.check.verdict import NotApplicable, Unmet
from ocpi.transport.headers import Routing
from ocpi.types.parties import Party
from ocpi.types.primitives import Role

VERSION = "2.2.1"

LISTS = ("locations", "sessions", "cdrs", "tariffs", "tokens", "hubclientinfo")
"""The modules whose Sender interface is a paginated list (TRA-15)."""

CLIENT_OWNED = ("locations", "sessions", "tariffs", "tokens")
"""The modules whose Receiver interface stores objects by their owner and id (TRA-36)."""

_CONFIGURATION = {"credentials", "versions", "hubclientinfo"}
_OF_A_CPO = {(module, "SENDER") for module in ("locations", "sessions", "cdrs", "tariffs")} | {
    (module, "RECEIVER") for module in ("tokens", "commands", "chargingprofiles", "hubclientinfo")
}
_OF_AN_SCSP = {(module, "RECEIVER") for module in ("locations", "sessions", "tariffs", "hubclientinfo")} | {
    ("chargingprofiles", "SENDER")
}
_OF_AN_EMSP = _OF_AN_SCSP | {
    ("tokens", "SENDER"),
    ("commands", "SENDER"),
    ("cdrs", "RECEIVER"),
    ("chargingprofiles", "RECEIVER"),
}
SERVED_BY: Mapping[str, set[tuple[str, str]]] = {
    Role.CPO: _OF_A_CPO,
    Role.EMSP: _OF_AN_EMSP,
    Role.SCSP: _OF_AN_SCSP,
    Role.HUB: _OF_A_CPO | _OF_AN_EMSP | {("hubclientinfo", "SENDER")},
}
"""Which interfaces belong to which role."""


@dataclass(frozen=True)
class Interface:
    """One interface of one module that the platform offers."""

    module: str
    role: str
    url: str

    @property
    def routed(self) -> bool:
        """Whether its messages carry routing headers (ROU-01, ROU-02)."""
        return self.module not in _CONFIGURATION

    def __str__(self) -> str:
        return f"{self.module} {self.role}"


@dataclass
class Registration:
    """What happened when we registered with a CREDENTIALS_TOKEN_A, and when we left.

    Attributes:
        endpoint: where; whatever we read from the platform later, there we leave.
        callbacks: what the platform asked of us before it answered.
        deleted: how it answered when we left; None before that, and where the registration did not work.
    """

    token_a: str
    endpoint: Interface
    posted: Exchange
    callbacks: tuple[Seen, ...]
    deleted: Exchange | None = None


@dataclass
class Subject:
    """The platform under test.

    Attributes:
        party: who we are; None with a registered token whose party we were not told.
        role: what is checked of the platform; None for all it offers.
        invited: whether the token is a CREDENTIALS_TOKEN_A, which opens no modules (TRA-06).
        notes: what was seen to be wrong on the way, by the id of the rule.
        written: the objects of ours that the platform has, by module and id.
    """

    client: Client
    versions: Exchange
    party: Party | None = None
    role: Role | None = None
    write: bool = False
    invited: bool = False
    details: Exchange | None = None
    credentials: Exchange | None = None
    counterpart: Counterpart | None = None
    registration: Registration | None = None
    notes: dict[str, Unmet] = field(default_factory=dict)
    run_id: str = field(default_factory=lambda: uuid4().hex[:8])
    cache: dict[str, object] = field(default_factory=dict)
    written: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    _ids: int = 0

    @property
    def versions_url(self) -> str:
        """Where its versions are."""
        return self.versions.url

    @property
    def details_url(self) -> str | None:
        """Where the details of version 2.2.1 are, as its versions tell."""
        for version in _objects(self.versions.data):
            if version.get("version") == VERSION and isinstance(url := version.get("url"), str):
                return _absolute(self.versions_url, url)
        return None

    @property
    def endpoints(self) -> tuple[dict[str, Any], ...]:
        """The Endpoint objects of its details, right or wrong."""
        details = self.details.data if self.details else None
        return tuple(_objects(details.get("endpoints"))) if isinstance(details, dict) else ()

    @property
    def interfaces(self) -> tuple[Interface, ...]:
        """The interfaces it offers, of the role that is checked; `credentials` among them."""
        known = (
            Interface(endpoint["identifier"], endpoint["role"], _absolute(self.versions_url, endpoint["url"]))
            for endpoint in self.endpoints
            if all(isinstance(endpoint.get(name), str) for name in ("identifier", "role", "url"))
        )
        return tuple(interface for interface in known if self._in_scope(interface))

    @property
    def roles(self) -> tuple[dict[str, Any], ...]:
        """The CredentialsRole objects of its credentials, right or wrong."""
        data = self.credentials.data if self.credentials else None
        return tuple(_objects(data.get("roles"))) if isinstance(data, dict) else ()

    def offers(self, module: str, role: str) -> bool:
        """Whether it offers an interface that is checked."""
        return any((interface.module, interface.role) == (module, role) for interface in self.interfaces)

    def interface(self, module: str, role: str | None = None) -> Interface:
        """One interface it offers; without `role` whichever comes first.

        Raises:
            NotApplicable: it does not offer it.
        """
        for interface in self.interfaces:
            if interface.module == module and role in (None, interface.role):
                return interface
        raise NotApplicable(f"the platform offers no {module} {role or ''}".rstrip())

    def lists(self) -> tuple[Interface, ...]:
        """The paginated lists it offers."""
        return tuple(i for i in self.interfaces if i.role == "SENDER" and i.module in LISTS)

    def ask(
        self,
        method: str,
        interface: Interface,
        *segments: str,
        query: Mapping[str, object] | None = None,
        body: object = None,
        headers: Headers | None = None,
    ) -> Exchange:
        """Send a request to an interface, with routing headers where they belong."""
        return self.client.send(
            method,
            address(interface.url, *segments, query=query),
            body=body,
            headers={**(self.routing(interface).headers() if interface.routed else {}), **(headers or {})},
            routed=interface.routed,
        )

    def routing(self, interface: Interface) -> Routing:
        """From us to the party that serves the interface.

        If nobody told who we are, only a platform of several parties is told whom we mean (ROU-04, ROU-07).
        """
        parties = {(str(r.get("country_code")).upper(), str(r.get("party_id")).upper()) for r in self.roles}
        if self.party is None and len(parties) < 2:
            return Routing(None, None)
        return Routing(self.party, self.their_party(interface.module, interface.role))

    def their_party(self, module: str, role: str) -> Party | None:
        """The party of the platform that serves an interface."""
        wanted = [r for r in self.roles if self.role in (None, r.get("role"))] or self.roles
        serving = [r for r in wanted if (module, role) in SERVED_BY.get(str(r.get("role")), set())] or wanted
        for found in serving:
            country_code, party_id = found.get("country_code"), found.get("party_id")
            if isinstance(country_code, str) and isinstance(party_id, str):
                return Party(country_code, party_id)
        return None

    def us(self) -> Party:
        """Who we are.

        Raises:
            NotApplicable: nobody told.
        """
        if self.party is None:
            raise NotApplicable("name the party that the token belongs to, with --country and --party")
        return self.party

    def new_id(self) -> str:
        """An id for an object of ours; all begin with ``CHK-`` and hold letters of one case."""
        self._ids += 1
        return f"CHK-{self.run_id.upper()}-{self._ids}"

    def note(self, rule: str, unmet: Unmet) -> None:
        """Remember what is wrong with an answer that another check is about; the first finding counts."""
        self.notes.setdefault(rule, unmet)

    def learn(self) -> None:
        """Read the versions, the details and the credentials (again) with the present token."""
        self.versions = self.client.send("GET", self.versions_url)
        self.look_closer()

    def look_closer(self) -> None:
        """Read the details and the credentials."""
        url = self.details_url
        self.details = self.client.send("GET", url) if url else None
        self.credentials = None
        with suppress(NotApplicable):
            self.credentials = self.client.send("GET", self.interface("credentials").url)

    def _in_scope(self, interface: Interface) -> bool:
        if self.role is None or interface.module == "credentials":
            return True
        return (interface.module, interface.role) in SERVED_BY[self.role]


def address(url: str, *segments: str, query: Mapping[str, object] | None = None) -> str:
    """`url` with path segments and query parameters added; a query that it has already is kept."""
    base, _, known = url.partition("?")
    path = "/".join([base.rstrip("/") if segments else base, *(quote(segment, safe="") for segment in segments)])
    added = urlencode(query or {})
    return path + ("?" if known or added else "") + "&".join(part for part in (known, added) if part)


def _absolute(base: str, url: str) -> str:
    """`url` as it is meant, even where it is relative; what is no URL at all stays as it is."""
    try:
        return urljoin(base, url)
    except ValueError:
        return url


def _objects(value: object) -> Iterator[dict[str, Any]]:
    entries: Iterable[object] = value if isinstance(value, list) else ()
    return (entry for entry in entries if isinstance(entry, dict))
