"""The credentials handshake, from both sides (credentials.asciidoc, CRE-01 to CRE-30)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ValidationError

from ocpi import clock
from ocpi.parties.claims import Claims, pins
from ocpi.parties.own import VERSION, OwnPlatform
from ocpi.parties.secrets import Hasher, Safe, new_token
from ocpi.store.partner import Partner, PartnerStatus, Quirk, partner_id
from ocpi.store.partners import Partners
from ocpi.store.table import Conflict
from ocpi.transport.addresses import AddressRefused, Origin, origin, resolve
from ocpi.transport.client import Answer, PartnerClient, PartnerUnreachable
from ocpi.transport.status import OcpiError, StatusCode, method_not_allowed
from ocpi.transport.validation import explain
from ocpi.types.credentials import Credentials, CredentialsRole
from ocpi.types.versions import Endpoint, InterfaceRole, ModuleID, Version, VersionDetails

MAX_ENDPOINTS = 200

UNUSABLE = "your API could not be used"
"""What a partner is told that we fail to call."""


class NameTaken(Exception):
    """There is a partner of this name already; the message says in which state."""


@dataclass(frozen=True)
class Handshake:
    """Connects us with partners and ends connections.

    Args:
        own: how partners reach us.
        partners: where partners are stored.
        hasher: hashes the tokens that we give out.
        safe: encrypts the tokens that we present.
        allow_private: see :func:`ocpi.transport.addresses.resolve`.
    """

    own: OwnPlatform
    partners: Partners
    hasher: Hasher
    safe: Safe
    allow_private: bool

    # A partner registers with us.

    def invite(self, name: str, quirks: Collection[Quirk] = (), roles: Collection[CredentialsRole] = ()) -> str:
        """Make CREDENTIALS_TOKEN_A for a partner that is to register with us; a second invitation replaces the first.

        Args:
            name: what we call it.
            quirks: where it differs from OCPI, beside what is known of it already.
            roles: the only ones that it may have, in place of what was said before; none: as before.

        Raises:
            NameTaken: a partner of that name is connected already.
            ValueError: the name has no letter or digit.
        """
        token = new_token()
        token_hash = self.hasher.hash(token)
        known = self.partners.get(partner_id(name))
        if known is None:
            self.partners.add(_new_partner(name, PartnerStatus.INVITED, token_hash, quirks, roles))
            return token
        if known.status not in (PartnerStatus.INVITED, PartnerStatus.UNREGISTERED):
            raise NameTaken(f"the partner {known.id!r} is {known.status}; remove it first or choose another name")
        changes = {"status": PartnerStatus.INVITED, "name": name, **_agreed(known, quirks, roles)}
        self.partners.replace(known, changes | {"token_hash": token_hash, "token_issued": clock.now()})
        return token

    def add(self, name: str, roles: Sequence[CredentialsRole]) -> str:
        """Make a partner without a handshake, which can call us while we know no way to it; returns its token.

        Raises:
            NameTaken: there is a partner of that name.
            OcpiError: 2001 if one of the roles is ours or another partner's.
            ValueError: the name has no letter or digit.
        """
        token = new_token()
        partner = _new_partner(name, PartnerStatus.REGISTERED, self.hasher.hash(token), roles=roles)
        self._claims(partner).require(roles)
        try:
            self.partners.add(partner.model_copy(update={"roles": list(roles), "version": VERSION}))
        except Conflict:
            raise NameTaken(f"there is a partner {partner.id!r} already; remove it first") from None
        return token

    def accept(self, caller: Partner, offered: Credentials) -> Credentials:
        """Answer POST (first registration) and PUT (renewal): fetch the partner's endpoints, rotate its token.

        Nothing is stored before the partner's own endpoints were read with the token it offered (CRE-04, CRE-11), and
        then everything in one transaction: from then on the old token is dead and the new one lives (CRE-07, CRE-12).

        Raises:
            OcpiError: 3001, 3002 or 3003 if the partner cannot be used (STA-15 to STA-17), 2001 if it must not have
                one of the roles; nothing has changed then.
        """
        self._require_callable({"/url": offered.url})
        endpoints = self._learn(self._client(offered.token, caller), offered.url)
        self._claims(caller).require(offered.roles)
        token = new_token()
        changes = {
            "status": PartnerStatus.REGISTERED,
            "token_hash": self.hasher.hash(token),
            "next_token_hash": None,
            "token_issued": clock.now(),
            "sealed_token": self.safe.seal(offered.token, caller.id),
            "versions_url": offered.url,
            "version": VERSION,
            "endpoints": endpoints,
            "roles": offered.roles,
        }
        self._replace(caller, changes)
        return self.own.credentials(token)

    def end(self, caller: Partner) -> None:
        """The partner unregisters: its credentials and ours become invalid at once (CRE-15)."""
        self._replace(caller, _DISCONNECTED)

    def _claims(self, claimant: Partner) -> Claims:
        return Claims(self.own, self.partners.all(), claimant)

    def _replace(self, caller: Partner, changes: Mapping[str, object]) -> None:
        try:
            self.partners.replace(caller, changes)
        except Conflict:
            raise method_not_allowed("another request changed these credentials at the same time") from None

    # We register with a partner.

    def register(
        self,
        name: str,
        versions_url: str,
        token_a: str,
        quirks: Collection[Quirk] = (),
        roles: Collection[CredentialsRole] = (),
    ) -> Partner:
        """Register with a partner that has given us CREDENTIALS_TOKEN_A (CRE-06, CRE-18, CRE-20).

        Args:
            name: what we call it.
            versions_url: where its versions are.
            token_a: the token it gave us.
            quirks: where it differs from OCPI, beside what is known of it already.
            roles: the only ones that it may have, in place of what was said before; none: as before.

        Raises:
            NameTaken: a partner of that name is connected already.
            OcpiError: 3001 to 3003 if the partner cannot be used, 2001 if it must not have one of its roles; nothing is
                left of the attempt then, and all is as before.
        """
        id_ = partner_id(name)
        known = self.partners.get(id_)
        if known and known.status is not PartnerStatus.UNREGISTERED:
            raise NameTaken(f"the partner {id_!r} is {known.status}; remove it first or choose another name")
        token_b = new_token()
        partner = _new_partner(name, PartnerStatus.REGISTERING, self.hasher.hash(token_b), quirks, roles)
        if known:
            partner = partner.model_copy(update={"created": known.created, **_agreed(known, quirks, roles)})
        endpoints = self._learn(self._client(token_a, partner), versions_url)
        partner = self._begin(known, partner.model_copy(update={"endpoints": endpoints}))
        try:
            given = self._post_credentials(partner, token_a, token_b)
            self._require_callable({"/url of the credentials": given.url})
            self._claims(partner).require(given.roles)
            changes = {
                "status": PartnerStatus.REGISTERED,
                "sealed_token": self.safe.seal(given.token, id_),
                "versions_url": given.url,
                "version": VERSION,
                "roles": given.roles,
                "token_issued": clock.now(),
            }
            return self.partners.replace(partner, changes)
        except BaseException:  # Ctrl-C too: nothing half-registered is left behind
            if known:
                self.partners.replace(partner, dict(known))
            else:
                self.partners.remove(partner)
            raise

    def _begin(self, known: Partner | None, partner: Partner) -> Partner:
        """Store a partner that we are registering with, over what was `known` of it."""
        if known:
            return self.partners.replace(known, dict(partner))
        self.partners.add(partner)
        return partner

    def renew(self, partner: Partner) -> Partner:
        """Exchange new credentials with a registered partner: both tokens are replaced (CRE-14, CRE-29, CRE-30).

        The partner tries our new token before it answers (CRE-11), so until then both the old and the new one hold.

        Raises:
            OcpiError: 3001 if the partner did not take them. If it refused, all is as before; if no answer came, nobody
                knows what it did, so both tokens hold until the next attempt. If it tells a URL that we cannot call, or
                roles that it must not have (2001), the tokens are exchanged, and its URL and roles are as before.
            ValueError: the partner is not registered, or we know no way to it.
        """
        client = self._registered(partner)
        token = new_token()
        token_hash = self.hasher.hash(token)
        partner = self.partners.replace(partner, {"next_token_hash": token_hash})
        try:
            answer = client.put(_credentials_url(partner), self.own.credentials(token))
        except PartnerUnreachable as error:
            raise _unusable(f"{error}; both the old and the new token hold, so renew them again later") from None
        try:
            given = _read(Credentials, _ok(answer, "PUT of the credentials"), "credentials")
        except OcpiError:
            self.partners.replace(partner, {"next_token_hash": None})
            raise
        changes = {
            "token_hash": token_hash,
            "next_token_hash": None,
            "sealed_token": self.safe.seal(given.token, partner.id),
            "token_issued": clock.now(),
        }
        partner = self.partners.replace(partner, changes)
        self._require_callable({"/url of the credentials": given.url})
        self._claims(partner).require(given.roles)
        return self.partners.replace(partner, {"versions_url": given.url, "roles": given.roles})

    def refresh(self, partner: Partner) -> Partner:
        """Fetch anew what a registered partner tells of itself: endpoints, roles and token (CRE-01, CRE-02).

        Raises:
            OcpiError: 3001 to 3003 if the partner cannot be used, 2001 if it must not have one of its roles; nothing
                has changed then.
            ValueError: the partner is not registered, or we know no way to it.
        """
        client = self._registered(partner)
        try:
            answer = client.get(_credentials_url(partner))
        except PartnerUnreachable as error:
            raise _unusable(str(error)) from None
        given = _read(Credentials, _ok(answer, "GET of the credentials"), "credentials")
        endpoints = self._learn(self._client(given.token, partner), given.url)
        self._claims(partner).require(given.roles)
        changes = {
            "sealed_token": self.safe.seal(given.token, partner.id),
            "versions_url": given.url,
            "endpoints": endpoints,
            "roles": given.roles,
        }
        return self.partners.replace(partner, changes)

    def unregister(self, partner: Partner) -> Partner:
        """End the connection from our side: forget both tokens, then tell the partner (CRE-15).

        Raises:
            OcpiError: 3001 if the partner could not be told; the connection is ended on our side all the same.
        """
        sealed, url = partner.sealed_token, partner.endpoint(ModuleID.CREDENTIALS, InterfaceRole.SENDER)
        ended = self.partners.replace(partner, _DISCONNECTED)
        if sealed and url:
            client = self._client(self.safe.open(sealed, partner.id), partner)
            try:
                _ok(client.delete(url), "DELETE of the credentials")
            except PartnerUnreachable as error:
                raise _unusable(str(error)) from None
        return ended

    def _post_credentials(self, partner: Partner, token_a: str, token_b: str) -> Credentials:
        client = self._client(token_a, partner)
        try:
            answer = client.post(_credentials_url(partner), self.own.credentials(token_b))
        except PartnerUnreachable as error:
            raise _unusable(str(error)) from None
        return _read(Credentials, _ok(answer, "POST of the credentials"), "credentials")

    def _learn(self, client: PartnerClient, versions_url: str) -> list[Endpoint]:
        """The partner's endpoints of the version that both speak."""
        try:
            answer = _ok(client.get(versions_url), "GET of the versions")
            url = _url_of_version(answer, versions_url)
            details = _read(VersionDetails, _ok(client.get(url), "GET of the version details"), "version details")
        except PartnerUnreachable as error:
            raise _unusable(str(error)) from None
        if not any(endpoint.identifier == ModuleID.CREDENTIALS for endpoint in details.endpoints):
            raise OcpiError(StatusCode.NO_MATCHING_ENDPOINTS, f"the endpoints at {url} lack credentials")
        if len(details.endpoints) > MAX_ENDPOINTS:
            raise _unusable(f"{len(details.endpoints)} endpoints are more than the {MAX_ENDPOINTS} that are taken")
        self._require_callable(
            {
                f"/endpoints/{index}/url of the version details ({end.identifier} {end.role})": end.url
                for index, end in enumerate(details.endpoints)
            }
        )
        # Vendor extensions of an endpoint are of no use to us, and could be of any size.
        return [Endpoint(identifier=end.identifier, role=end.role, url=end.url) for end in details.endpoints]

    def _require_callable(self, urls: Mapping[str, str]) -> None:
        """Make sure that we may call all URLs that a partner gives, which are named by the place where they stand.

        They need not have one host in common: OCPI lets a platform put its modules wherever it likes.

        Raises:
            OcpiError: 3001 naming the place and what is wrong with the URL.
        """
        looked_up: set[Origin] = set()
        for place, url in urls.items():
            try:
                if origin(url) not in looked_up:
                    resolve(url, allow_private=self.allow_private)
                looked_up.add(origin(url))
            except AddressRefused as error:
                raise _unusable(f"{place}: {error}") from None

    def _registered(self, partner: Partner) -> PartnerClient:
        if partner.status is not PartnerStatus.REGISTERED or not partner.sealed_token:
            raise ValueError(f"the partner {partner.id!r} is {partner.status}; we have no credentials to call it with")
        return self._client(self.safe.open(partner.sealed_token, partner.id), partner)

    def _client(self, token: str, partner: Partner) -> PartnerClient:
        plain = partner.has(Quirk.PLAIN_TOKENS)
        return PartnerClient(token, allow_private=self.allow_private, plain_token=plain, partner_id=partner.id)


_DISCONNECTED: dict[str, object] = {
    "status": PartnerStatus.UNREGISTERED,
    "token_hash": None,
    "next_token_hash": None,
    "sealed_token": None,
    "endpoints": [],
}


def _new_partner(
    name: str,
    status: PartnerStatus,
    token_hash: str,
    quirks: Collection[Quirk] = (),
    roles: Collection[CredentialsRole] = (),
) -> Partner:
    now = clock.now()
    return Partner(
        id=partner_id(name),
        name=name,
        status=status,
        token_hash=token_hash,
        quirks=frozenset(quirks),
        pinned=pins(roles),
        token_issued=now,
        created=now,
        last_updated=now,
    )


def _agreed(known: Partner, quirks: Collection[Quirk], roles: Collection[CredentialsRole]) -> dict[str, object]:
    """What an operator has said of a partner, before and now."""
    return {"quirks": known.quirks.union(quirks), "pinned": pins(roles) or known.pinned}


def _credentials_url(partner: Partner) -> str:
    url = partner.endpoint(ModuleID.CREDENTIALS, InterfaceRole.SENDER)
    assert url  # noqa: S101 - nobody registers without
    return url


def _url_of_version(answer: Answer, versions_url: str) -> str:
    """Where the details of our version are; entries of other versions may look like anything."""
    versions = answer.data if isinstance(answer.data, list) else []
    ours = [entry for entry in versions if isinstance(entry, dict) and entry.get("version") == VERSION]
    if not ours:
        raise OcpiError(StatusCode.UNSUPPORTED_VERSION, f"the versions at {versions_url} lack {VERSION}")
    try:
        return Version.model_validate(ours[0]).url
    except ValidationError as error:
        raise _unusable(f"the versions are wrong: {explain(error)}") from None


def _ok(answer: Answer, what: str) -> Answer:
    if not answer.ok:
        raise _unusable(f"{what} was answered with {answer}")
    return answer


def _read[M: BaseModel](model: type[M], answer: Answer, what: str) -> M:
    try:
        return model.model_validate(answer.data)
    except ValidationError as error:
        raise _unusable(f"the {what} are wrong: {explain(error)}") from None


def _unusable(message: str) -> OcpiError:
    return OcpiError(StatusCode.UNABLE_TO_USE_API, f"{UNUSABLE}: {message}")
