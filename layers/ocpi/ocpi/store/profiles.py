"""What is known of the charging profile of one session: what the charge point obeys, and what is on its way."""

from datetime import datetime, timedelta
from typing import Self

from pydantic import BaseModel, ConfigDict

from ocpi.store.requests import ANSWER_WITHIN
from ocpi.types.chargingprofiles import (
    ActiveChargingProfile,
    ChargingProfile,
    ChargingProfileResponse,
    ChargingProfileResponseType,
    ChargingProfileResultType,
)
from ocpi.types.primitives import DateTime

RESULT_WITHIN = timedelta(minutes=5)
"""How long a result is awaited at most, whatever timeout the partner asks for."""

RETRY_AFTER = {
    ChargingProfileResponseType.TOO_OFTEN: timedelta(minutes=1),
    ChargingProfileResponseType.UNKNOWN_SESSION: timedelta(minutes=5),
    ChargingProfileResponseType.REJECTED: timedelta(minutes=15),
    ChargingProfileResponseType.NOT_SUPPORTED: timedelta(days=7),
}
"""How long a session is left alone after its partner refused a profile."""


class ProfileState(BaseModel):
    """The state of one session's charging profile.

    The charge point obeys `accepted`, or its own default where that is None; while a request is unanswered it may
    obey `pending` as well. A refusal leaves the session alone until `refused_until`.
    """

    model_config = ConfigDict(frozen=True)

    accepted: ChargingProfile | None = None
    pending: ChargingProfile | None = None
    request_id: str | None = None
    asked: bool = False
    """Whether the request has been sent; it never is twice."""
    accepted_at: DateTime | None = None
    """When the partner said so; what its charge point calculated earlier is outdated."""
    deadline: DateTime | None = None
    refusal: str | None = None
    refused_until: DateTime | None = None

    def sending(self, profile: ChargingProfile, request_id: str, now: datetime) -> Self:
        """A request for `profile` is to be sent."""
        return self.model_copy(
            update={
                "pending": profile,
                "request_id": request_id,
                "asked": False,
                "deadline": now + ANSWER_WITHIN,
                "refusal": None,
                "refused_until": None,
            }
        )

    def answered(self, answer: ChargingProfileResponse, now: datetime) -> Self:
        """The partner has answered the request: it will act, or it refuses (CHP-05 to CHP-09)."""
        if answer.result is ChargingProfileResponseType.ACCEPTED:
            timeout = min(answer.timeout, RESULT_WITHIN.total_seconds())
            return self.model_copy(update={"deadline": now + timedelta(seconds=timeout)})
        return self.refused(answer.result, now + RETRY_AFTER[answer.result])

    def concluded(self, result: ChargingProfileResultType, now: datetime) -> Self:
        """The charge point has acted, or has refused (CHP-15)."""
        if result is ChargingProfileResultType.ACCEPTED:
            return self.model_copy(update=_NOTHING_PENDING | {"accepted": self.pending, "accepted_at": now})
        return self.refused(result, now + RETRY_AFTER[ChargingProfileResponseType.REJECTED])

    def refused(self, why: str, until: datetime) -> Self:
        """The request has failed for certain; the session is left alone until then."""
        return self.model_copy(update=_NOTHING_PENDING | {"refusal": why, "refused_until": until})

    def changed(self, active: ActiveChargingProfile) -> Self | None:
        """The charge point obeys another profile than the one set, and says which (CHP-18, CHP-27).

        Returns None for what it calculated before the profile in force was accepted.
        """
        if self.accepted_at and active.start_date_time < self.accepted_at:
            return None
        start = {"start_date_time": active.start_date_time}
        return self.model_copy(
            update={
                "accepted": active.charging_profile.model_copy(update=start),
                "accepted_at": active.start_date_time,
            }
        )

    def expired(self, now: datetime) -> bool:
        """Whether a request stayed unanswered for too long (CHP-16)."""
        return self.deadline is not None and self.deadline <= now

    def left_alone(self, now: datetime) -> bool:
        """Whether the session's partner has refused a profile just now."""
        return self.refused_until is not None and now < self.refused_until


_NOTHING_PENDING: dict[str, object] = {"pending": None, "request_id": None, "deadline": None}
