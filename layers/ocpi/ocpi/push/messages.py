"""What travels on the queues. A message is a pointer: who acts on it reads the state as it is then."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from ocpi.push.difference import Difference
from ocpi.store.keys import OWN, ObjectId
from ocpi.types.versions import ModuleID


class Reason(StrEnum):
    """Why a site is to be looked at."""

    SCHEDULE = "schedule"
    CHANGE = "change"
    """A session, a Location or the site's limits changed: the plan has to be made anew."""
    PROFILE = "profile"
    """A partner answered about a charging profile: the plan holds, further profiles may be sent now."""

    @property
    def replans(self) -> bool:
        """Whether the site has to be planned anew."""
        return self is not Reason.PROFILE


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
    def session(self) -> ObjectId:
        """The session that the profile is for."""
        return ObjectId(self.partner_id, ModuleID.SESSIONS, self.country_code, self.party_id, self.session_id)


class Step(BaseModel):
    """From one version of an object to another, and the fields that are all the difference (LOC-16)."""

    model_config = ConfigDict(frozen=True)

    before: str
    after: str
    difference: Difference


class ObjectMessage(BaseModel):
    """On the push queue: see to it that this partner has this object of ours as it is now."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["object"] = "object"
    partner_id: str
    module: ModuleID
    country_code: str
    party_id: str
    id: str
    """As in :class:`ObjectId`."""
    step: Step | None = None
    """What changed, where that is little."""

    @property
    def object_id(self) -> ObjectId:
        """The object that the partner is to have."""
        return ObjectId(OWN, self.module, self.country_code, self.party_id, self.id)


type PushMessage = Annotated[ProfileMessage | ObjectMessage, Field(discriminator="kind")]

push_message: TypeAdapter[ProfileMessage | ObjectMessage] = TypeAdapter(PushMessage)
"""Reads what is on the push queue."""
