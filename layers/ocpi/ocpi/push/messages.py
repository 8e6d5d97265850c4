"""What travels on the queues. A message is a pointer: who acts on it reads the state as it is then."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from itertools import batched
from typing import Annotated, Literal
from zlib import crc32

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from ocpi.store.keys import ObjectId
from ocpi.types.versions import ModuleID

LANES = 2
"""How many messages about a partner's profiles are handled side by side."""

PROFILES_AT_ONCE = 25
"""How many profiles a message asks for at most: so many that it is handled well before its function's time is over,
even if the partner takes all the time that it is given for each."""


class Reason(StrEnum):
    """Why a site is to be looked at."""

    SCHEDULE = "schedule"
    SESSION = "session"
    """A session has begun, changed or ended, or its driver's preferences have."""
    LOCATION = "location"
    """The EVSEs are others."""
    SITE = "site"
    """The energy manager changed it: a limit, a price, or what hangs on it."""
    REFUSAL = "refusal"
    """A profile was refused: its session is not ours to set for a while, and the others have to make room for it."""
    TOLD = "told"
    """A charge point tells of itself what it obeys: that may be more than what we knew of."""
    PROFILE = "profile"
    """A partner answered about a charging profile: the plan holds, further profiles may be sent now."""

    @classmethod
    def _missing_(cls, value: object) -> "Reason | None":
        """A reason that only another version knows asks for a plan."""
        return cls.SESSION if isinstance(value, str) else None

    @property
    def replans(self) -> bool:
        """Whether the site has to be planned anew."""
        return self is not Reason.PROFILE

    @property
    def at_once(self) -> bool:
        """Whether the site is looked at without the rest that it has after a plan: somebody may have lowered a limit,
        and watches."""
        return self is Reason.SITE

    def outweighs(self, other: "Reason | None") -> bool:
        """Whether whoever acts for this reason has no need to act for the other one."""
        if other is None or self.at_once:
            return True
        return other is Reason.PROFILE or (self.replans and not other.at_once)


class SiteMessage(BaseModel):
    """On the optimize queue: look at this site."""

    model_config = ConfigDict(frozen=True)

    site_id: str
    reason: Reason

    @property
    def group(self) -> str:
        """One run a site at a time; but what cannot wait is not behind a message whose run is resting."""
        return f"{self.site_id}/at-once" if self.reason.at_once else self.site_id


class Wanted(BaseModel):
    """A session, and the request for a charging profile that is pending for it."""

    model_config = ConfigDict(frozen=True)

    country_code: str
    party_id: str
    session_id: str
    request_id: str

    def session(self, partner_id: str) -> ObjectId:
        """The session that the profile is for, which a partner has told."""
        return ObjectId(partner_id, ModuleID.SESSIONS, self.country_code, self.party_id, self.session_id)

    @property
    def name(self) -> str:
        """The session's, for people."""
        return f"{self.country_code}/{self.party_id}/{self.session_id}"

    @property
    def lane(self) -> int:
        """The same for a session however it is spelled: what is asked for it is sent in the order of asking."""
        return crc32(self.name.upper().encode()) % LANES


class ProfileMessage(BaseModel):
    """On the push queue: send the profiles that are pending for these sessions, each if it is still that request."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["profile"] = "profile"
    partner_id: str
    location: str
    """The :attr:`ObjectId.text` of the sessions' Location."""
    requests: Annotated[tuple[Wanted, ...], Field(min_length=1, max_length=PROFILES_AT_ONCE)]
    """All of one lane."""

    @classmethod
    def of(cls, partner_id: str, location: str, wanted: Iterable[Wanted]) -> "Iterator[ProfileMessage]":
        """As few messages as can be, in the order of what is wanted."""
        lanes: dict[int, list[Wanted]] = {}
        for each in wanted:
            lanes.setdefault(each.lane, []).append(each)
        for in_lane in lanes.values():
            for requests in batched(in_lane, PROFILES_AT_ONCE, strict=False):
                yield cls(partner_id=partner_id, location=location, requests=requests)

    @model_validator(mode="before")
    @classmethod
    def _of_one_session(cls, told: object) -> object:
        """A message that an earlier version has sent is about one session."""
        return told | {"requests": [told]} if isinstance(told, dict) and "requests" not in told else told

    @property
    def group(self) -> str:
        """Apart from the partner's objects: a site cannot wait until a partner has caught up."""
        return f"{self.partner_id}/profiles/{self.requests[0].lane}"


class Wake(BaseModel):
    """On the push queue, and on the timeouts queue if it is for later: send this partner what is due."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["wake"] = "wake"
    partner_id: str

    @property
    def group(self) -> str:
        """One worker a partner."""
        return self.partner_id


type PushMessage = Annotated[ProfileMessage | Wake, Field(discriminator="kind")]

push_message: TypeAdapter[ProfileMessage | Wake] = TypeAdapter(PushMessage)
"""Reads what is on the push queue."""


class PullMessage(BaseModel):
    """On the pull queue: get the lists of a partner's module that are due."""

    model_config = ConfigDict(frozen=True)

    partner_id: str
    module: ModuleID

    @property
    def group(self) -> str:
        """One list of a partner at a time: one that is slow holds up no other partner."""
        return self.partner_id
