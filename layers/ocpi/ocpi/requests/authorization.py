"""Whether a driver may charge at our charge points: by the Tokens we know, or by asking eMSPs (TOK-18 to TOK-21)."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Self
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, ValidationError

from ocpi.intake.tokens import unknown_token
from ocpi.logs import logger
from ocpi.parties.calling import Calling, address
from ocpi.store.keys import OWN, ObjectId, typed_uid
from ocpi.store.partner import Partner, PartnerStatus
from ocpi.store.partners import Partners
from ocpi.store.requests import Requests
from ocpi.store.tokens import KnownToken, KnownTokens
from ocpi.transport.client import Answer, PartnerUnreachable
from ocpi.transport.headers import Party, Routing
from ocpi.transport.status import OcpiError, StatusCode
from ocpi.transport.validation import explain
from ocpi.types.primitives import Role, same
from ocpi.types.tokens import AllowedType, AuthorizationInfo, LocationReferences, TokenType, WhitelistType
from ocpi.types.versions import InterfaceRole, ModuleID

MOST_ASKED = 20
"""How many eMSPs are asked about a token that nobody has told us of; all at once, for a driver stands waiting."""


class Decided(StrEnum):
    """What an authorization rests on."""

    CACHE = "CACHE"
    """The Token as its eMSP has told us."""
    REAL_TIME = "REAL_TIME"
    """The answer of the eMSP."""
    COMMAND = "COMMAND"
    """The eMSP has just used the token in a command there (CMD-17, CMD-18)."""
    UNREACHABLE = "UNREACHABLE"
    """The eMSP had to be asked and gave no answer."""


class Authorized(BaseModel):
    """Whether a driver may charge: only if `allowed` is ALLOWED (TOK-16)."""

    model_config = ConfigDict(frozen=True)

    info: AuthorizationInfo
    decided: Decided
    partner_id: str
    """The connection of the eMSP whose token it is."""


@dataclass(frozen=True)
class _Question:
    """What an eMSP would be asked."""

    own_party: Party
    uid: str
    type: TokenType
    location: LocationReferences | None


@dataclass(frozen=True)
class Authorization:
    """Authorizes tokens that are presented at our charge points."""

    tokens: KnownTokens
    requests: Requests
    partners: Partners
    calling: Calling

    @classmethod
    def of(cls, objects_table: str, partners: Partners, calling: Calling) -> Self:
        """On the objects table."""
        return cls(KnownTokens(objects_table), Requests(objects_table), partners, calling)

    def authorize(
        self,
        own_party: Party,
        uid: str,
        type_: TokenType = TokenType.RFID,
        location: LocationReferences | None = None,
    ) -> Authorized:
        """Whether the token with this uid and type may be used, at a Location of ours if one is given.

        A Token that we know is handled as its whitelist says (TOK-18 to TOK-20, decision 25); about any other, all
        partners that authorize tokens are asked (TOK-21). If several eMSPs have it, one that allows it is enough.

        Args:
            own_party: our CPO.
            uid: what the charge point read, at most 36 characters.
            type_: the type of the token.
            location: where it is presented.

        Raises:
            OcpiError: HTTP 404 with 2004 if nobody knows the token; 2002 if its eMSP needs to be told a location.
        """
        question = _Question(own_party, uid, type_, location)
        commanded = self._commanded(question)
        if commanded:
            return _decided(question, commanded, AllowedType.ALLOWED, Decided.COMMAND)
        refusal: Authorized | None = None
        for known in self.tokens.find(typed_uid(uid, type_)):
            partner = self.partners.get(known.partner_id)
            if partner is None or partner.status is not PartnerStatus.REGISTERED:
                continue
            authorized = self._by_whitelist(question, known, partner)
            if authorized.info.allowed is AllowedType.ALLOWED:
                return authorized
            refusal = refusal or authorized
        return refusal or self._ask_all(question)

    def _by_whitelist(self, question: _Question, known: KnownToken, partner: Partner) -> Authorized:
        token = known.token
        by_token = AllowedType.ALLOWED if token.valid else AllowedType.BLOCKED
        if token.whitelist in (WhitelistType.ALWAYS, WhitelistType.ALLOWED):
            return _decided(question, known, by_token, Decided.CACHE)
        try:
            info = self._ask(question, partner, Party(token.country_code, token.party_id))
        except PartnerUnreachable as error:
            logger.warning("authorization got no answer", partner_id=partner.id, reason=str(error))
            if token.whitelist is WhitelistType.ALLOWED_OFFLINE:
                return _decided(question, known, by_token, Decided.CACHE)
            return _decided(question, known, AllowedType.NOT_ALLOWED, Decided.UNREACHABLE)
        if info is None:
            return _decided(question, known, AllowedType.NOT_ALLOWED, Decided.REAL_TIME)
        return Authorized(info=info, decided=Decided.REAL_TIME, partner_id=partner.id)

    def _commanded(self, question: _Question) -> KnownToken | None:
        """The token, if its eMSP has just used it in a command for each EVSE in question (CMD-17, CMD-18)."""
        if question.location is None:
            return None
        party = question.own_party
        evse_uids: Sequence[str | None] = question.location.evse_uids or [None]
        place = ObjectId(OWN, ModuleID.LOCATIONS, party.country_code, party.party_id, question.location.location_id)
        uid = typed_uid(question.uid, question.type)
        found = [self.requests.commanded(uid, place, evse_uid) for evse_uid in evse_uids]
        known = found[0] if all(found) else None
        partner = self.partners.get(known.partner_id) if known else None
        return known if partner and partner.status is PartnerStatus.REGISTERED else None

    def _ask_all(self, question: _Question) -> Authorized:
        asked = list(self._askable())[:MOST_ASKED]
        refusal: Authorized | None = None
        errors: list[OcpiError] = []
        for partner, answer in self._answers(question, asked):
            try:
                info = _decision(answer.result(), question)
            except PartnerUnreachable as error:
                logger.warning("authorization got no answer", partner_id=partner.id, reason=str(error))
                continue
            except OcpiError as error:
                errors.append(error)
                continue
            if info is None:
                continue
            authorized = Authorized(info=info, decided=Decided.REAL_TIME, partner_id=partner.id)
            if info.allowed is AllowedType.ALLOWED:
                return authorized
            refusal = refusal or authorized
        if refusal:
            return refusal
        raise errors[0] if errors else unknown_token(question.uid)

    def _askable(self) -> Iterator[tuple[Partner, Party | None]]:
        """Who may know a token: each eMSP, and behind a hub whoever it finds (ROU-22)."""
        for partner in self.partners.all():
            offers = partner.endpoint(ModuleID.TOKENS, InterfaceRole.SENDER)
            if partner.status is not PartnerStatus.REGISTERED or not offers:
                continue
            if partner.is_hub:
                yield partner, None
            for role in partner.roles:
                if role.role is Role.EMSP:
                    yield partner, Party(role.country_code, role.party_id)

    def _answers(
        self, question: _Question, asked: Sequence[tuple[Partner, Party | None]]
    ) -> list[tuple[Partner, Future[Answer]]]:
        """Ask all at the same time, and wait for them."""
        calls = [(partner, self._call(question, partner, party)) for partner, party in asked]
        with ThreadPoolExecutor(MOST_ASKED) as threads:
            return [(partner, threads.submit(call)) for partner, call in calls]

    def _ask(self, question: _Question, partner: Partner, party: Party | None) -> AuthorizationInfo | None:
        """The decision of an eMSP, None if it does not know the token (TOK-10, TOK-11).

        Raises:
            PartnerUnreachable: it could not be asked, or did not answer with a decision.
            OcpiError: 2002 if it needs to be told a location (TOK-12).
        """
        return _decision(self._call(question, partner, party)(), question)

    def _call(self, question: _Question, partner: Partner, party: Party | None) -> Callable[[], Answer]:
        """What asks an eMSP; only that runs beside others."""
        url = address(partner, ModuleID.TOKENS, InterfaceRole.SENDER, question.uid, "authorize")
        client = self.calling.client(partner, Routing(question.own_party, party))
        return partial(client.post, f"{url}?{urlencode({'type': question.type})}", question.location)


def _decision(answer: Answer, question: _Question) -> AuthorizationInfo | None:
    if answer.status_code == StatusCode.UNKNOWN_TOKEN or answer.http_status == 404:
        return None
    if answer.status_code == StatusCode.NOT_ENOUGH_INFORMATION:
        raise OcpiError(StatusCode.NOT_ENOUGH_INFORMATION, f"the eMSP needs a location: {answer}")
    if not answer.ok:
        raise PartnerUnreachable(str(answer))
    try:
        info = AuthorizationInfo.model_validate(answer.data)
    except ValidationError as error:
        raise PartnerUnreachable(f"the AuthorizationInfo is wrong: {explain(error)}") from None
    if not same(info.token.uid, question.uid):
        raise PartnerUnreachable(f"the AuthorizationInfo is of another token, {info.token.uid}")
    return info


def _decided(question: _Question, known: KnownToken, allowed: AllowedType, decided: Decided) -> Authorized:
    location = question.location if allowed is AllowedType.ALLOWED else None
    info = AuthorizationInfo(allowed=allowed, token=known.token, location=location)
    return Authorized(info=info, decided=decided, partner_id=known.partner_id)
