"""Whether a driver may charge at our charge points: by the Tokens we know, or by asking eMSPs (TOK-18 to TOK-21)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from itertools import islice
from typing import Self
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, ValidationError

from ocpi.intake.tokens import unknown_token
from ocpi.logs import logger
from ocpi.parties.calling import Calling, address
from ocpi.parties.own import OwnPlatform
from ocpi.requests.decisions import authorization, by_token
from ocpi.requests.together import MOST, Call, ask_together
from ocpi.store.keys import OWN, ObjectId, typed_uid
from ocpi.store.objects import Objects
from ocpi.store.partner import Partner, PartnerStatus
from ocpi.store.partners import Partners
from ocpi.store.requests import Requests
from ocpi.store.tokens import KnownToken, KnownTokens
from ocpi.transport.client import Answer, PartnerUnreachable
from ocpi.transport.headers import Routing
from ocpi.transport.status import OcpiError, StatusCode
from ocpi.transport.validation import explain
from ocpi.types.parties import Party
from ocpi.types.primitives import Role, same
from ocpi.types.tokens import AllowedType, AuthorizationInfo, LocationReferences, TokenType, WhitelistType
from ocpi.types.versions import InterfaceRole, ModuleID

MOST_ASKED = MOST
"""How many eMSPs are asked about a token that nobody has told us of; all at once, for a driver stands waiting."""


class Decided(StrEnum):
    """What an authorization rests on."""

    CACHE = "CACHE"
    """The Token as its eMSP has told us, or our own."""
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
    partner_id: str | None = None
    """The connection of the eMSP whose token it is; None for a token of our own."""


type _Verdict = AuthorizationInfo | OcpiError | PartnerUnreachable | None
"""What an eMSP says; 2002 if it needs to be told a location, None if it does not know the token."""

type _Outcome = Authorized | OcpiError
"""What that comes to."""


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
    objects: Objects
    requests: Requests
    partners: Partners
    calling: Calling
    own: OwnPlatform

    @classmethod
    def of(cls, objects_table: str, partners: Partners, calling: Calling, own: OwnPlatform) -> Self:
        """On the objects table."""
        return cls(KnownTokens(objects_table), Objects(objects_table), Requests(objects_table), partners, calling, own)

    def authorize(
        self,
        own_party: Party,
        uid: str,
        type_: TokenType = TokenType.RFID,
        location: LocationReferences | None = None,
    ) -> Authorized:
        """Whether the token with this uid and type may be used, at a Location of ours if one is given.

        A Token that we know is handled as its whitelist says (TOK-18 to TOK-20, decision 25), one of our own eMSPs as
        partners are told; about any other, all partners that authorize tokens are asked (TOK-21). If several eMSPs have
        it, one that allows it is enough.

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
        return _best(self._by_known(question) or self._by_asking_all(question), question)

    def _by_known(self, question: _Question) -> list[_Outcome]:
        """What our own Token says, and each of the eMSPs whose Tokens we know; they are asked only if need be."""
        found = list(self._by_own(question))
        to_ask: list[tuple[KnownToken, Partner]] = []
        for known in self.tokens.find(typed_uid(question.uid, question.type)):
            partner = self.partners.get(known.partner_id)
            if partner is None or partner.status is not PartnerStatus.REGISTERED:
                continue
            if known.token.whitelist in (WhitelistType.ALWAYS, WhitelistType.ALLOWED):
                found.append(_cached(question, known))
            else:
                to_ask.append((known, partner))
        if any(_allows(each) for each in found):
            return found
        parties = [(partner, Party(known.token.country_code, known.token.party_id)) for known, partner in to_ask]
        verdicts = zip(to_ask, self._verdicts(question, parties), strict=True)
        return found + [_of_known(question, known, verdict) for (known, _), verdict in verdicts]

    def _by_own(self, question: _Question) -> Iterator[_Outcome]:
        """By the Token of one of our own eMSPs, as a partner that asks would be answered without our backend."""
        uid = typed_uid(question.uid, question.type)
        for emsp in (role for role in self.own.roles if role.role is Role.EMSP):
            stored = self.objects.get(ObjectId(OWN, ModuleID.TOKENS, emsp.country_code, emsp.party_id, uid))
            if stored is None:
                continue
            token = stored.parsed()
            try:
                info = authorization(token, question.location, by_token(token))
            except OcpiError as error:
                yield error
            else:
                yield Authorized(info=info, decided=Decided.CACHE)

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

    def _by_asking_all(self, question: _Question) -> list[_Outcome]:
        asked = list(islice(self._askable(), MOST_ASKED))
        found: list[_Outcome] = []
        for (partner, _), verdict in zip(asked, self._verdicts(question, asked), strict=True):
            if isinstance(verdict, AuthorizationInfo):
                found.append(Authorized(info=verdict, decided=Decided.REAL_TIME, partner_id=partner.id))
            elif isinstance(verdict, OcpiError):
                found.append(verdict)
        return found

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

    def _verdicts(self, question: _Question, asked: Sequence[tuple[Partner, Party | None]]) -> list[_Verdict]:
        """What eMSPs say that are asked at the same time (TOK-10 to TOK-12)."""
        answers = ask_together(partial(self._call, question, partner, party) for partner, party in asked)
        verdicts = [_verdict(answer, question) for answer in answers]
        for (partner, _), verdict in zip(asked, verdicts, strict=True):
            if isinstance(verdict, PartnerUnreachable):
                logger.warning("authorization got no answer", partner_id=partner.id, reason=str(verdict))
        return verdicts

    def _call(self, question: _Question, partner: Partner, party: Party | None) -> Call:
        """What asks an eMSP.

        Raises:
            PartnerUnreachable: it cannot be asked.
        """
        url = address(partner, ModuleID.TOKENS, InterfaceRole.SENDER, question.uid, "authorize")
        client = self.calling.client(partner, Routing(question.own_party, party))
        return partial(client.post, f"{url}?{urlencode({'type': question.type})}", question.location)


def _verdict(answer: Answer | PartnerUnreachable, question: _Question) -> _Verdict:
    if isinstance(answer, PartnerUnreachable):
        return answer
    if answer.status_code == StatusCode.UNKNOWN_TOKEN or answer.http_status == 404:
        return None
    if answer.status_code == StatusCode.NOT_ENOUGH_INFORMATION:
        return OcpiError(StatusCode.NOT_ENOUGH_INFORMATION, f"the eMSP needs a location: {answer}")
    if not answer.ok:
        return PartnerUnreachable(str(answer))
    try:
        info = AuthorizationInfo.model_validate(answer.data)
    except ValidationError as error:
        return PartnerUnreachable(f"the AuthorizationInfo is wrong: {explain(error)}")
    if not same(info.token.uid, question.uid):
        return PartnerUnreachable(f"the AuthorizationInfo is of another token, {info.token.uid}")
    return info


def _of_known(question: _Question, known: KnownToken, verdict: _Verdict) -> _Outcome:
    """What follows from the verdict of the eMSP whose Token we know; it may not have reached us (TOK-18, TOK-19)."""
    match verdict:
        case AuthorizationInfo():
            return Authorized(info=verdict, decided=Decided.REAL_TIME, partner_id=known.partner_id)
        case OcpiError():
            return verdict
        case None:
            return _decided(question, known, AllowedType.NOT_ALLOWED, Decided.REAL_TIME)
        case PartnerUnreachable() if known.token.whitelist is WhitelistType.ALLOWED_OFFLINE:
            return _cached(question, known)
        case _:
            return _decided(question, known, AllowedType.NOT_ALLOWED, Decided.UNREACHABLE)


def _best(found: Sequence[_Outcome], question: _Question) -> Authorized:
    """One that allows it, else the first.

    Raises:
        OcpiError: nobody knows the token, or who does needs to be told a location.
    """
    authorized = [each for each in found if isinstance(each, Authorized)]
    if authorized:
        return next(filter(_allows, authorized), authorized[0])
    raise next((each for each in found if isinstance(each, OcpiError)), unknown_token(question.uid))


def _allows(outcome: _Outcome) -> bool:
    return isinstance(outcome, Authorized) and outcome.info.allowed is AllowedType.ALLOWED


def _cached(question: _Question, known: KnownToken) -> Authorized:
    allowed = AllowedType.ALLOWED if known.token.valid else AllowedType.BLOCKED
    return _decided(question, known, allowed, Decided.CACHE)


def _decided(question: _Question, known: KnownToken, allowed: AllowedType, decided: Decided) -> Authorized:
    location = question.location if allowed is AllowedType.ALLOWED else None
    info = AuthorizationInfo(allowed=allowed, token=known.token, location=location)
    return Authorized(info=info, decided=decided, partner_id=known.partner_id)
