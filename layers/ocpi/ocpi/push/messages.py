"""What travels on the queues. A message is a pointer: who acts on it reads the state as it is then."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from ocpi.store.keys import ObjectId
from ocpi.types.versions import ModuleID


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

    def outweighs(self, other: "Reason | None") -> bool:
        """Whether whoever acts for this reason has no need to act for the other one."""
        return self.replans or other in (None, Reason.PROFILE)


class SiteMessage(BaseModel):
    """On the optimize queue: look at this site."""

    model_config = ConfigDict(frozen=True)

    site_id: str
    reason: Reason


class ProfileMessage(BaseModel):
    """On the push queue: send the profile that is pending for this session, if it is still this request."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["profile"] = "profile"
    partner_id: str
    country_code: str
    party_id: str
    session_id: str
    location: str
    """The :attr:`ObjectId.text` of the session's Location."""
    request_id: str

    @property
    def group(self) -> str:
        """Apart from the partner's objects: a site cannot wait until a partner has caught up."""
        return f"{self.partner_id}/profiles"

    @property
    def session(self) -> ObjectId:
        """The session that the profile is for."""
        return ObjectId(self.partner_id, ModuleID.SESSIONS, self.country_code, self.party_id, self.session_id)


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
