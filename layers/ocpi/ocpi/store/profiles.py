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
    ChargingRateUnit,
)
from ocpi.types.primitives import DateTime

RESULT_WITHIN = timedelta(minutes=5)
"""How long a result is awaited at most, whatever timeout the partner asks for."""

STORED_WITHIN = timedelta(seconds=15)
"""Nothing is sent so shortly before its deadline: that it is sent has to be stored by then, for whoever reads the state
after the deadline takes a request that was not sent for one that never will be."""

LONGEST_TIMEOUT_S = 24 * 3600
"""A partner that asks for a longer timeout is not believed."""

FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(minutes=15)
"""How long a session is left alone after TOO_OFTEN; each time in a row twice as long."""

RETRY_AFTER = {
    ChargingProfileResponseType.UNKNOWN_SESSION: timedelta(minutes=5),
    ChargingProfileResponseType.REJECTED: timedelta(minutes=15),
    ChargingProfileResponseType.NOT_SUPPORTED: timedelta(days=7),
}
"""How long a session is left alone after its partner refused a profile for another reason."""

MOST_DOUBTFUL = 8
"""So many doubtful profiles are told apart; a charge point may tell any number of them."""

_ANY = ChargingProfile.model_validate(
    {"charging_rate_unit": ChargingRateUnit.A, "charging_profile_period": [{"start_period": 0, "limit": 0}]}
)
"""It has no start, so it cannot be read, and may allow anything."""


class ProfileState(BaseModel):
    """The state of one session's charging profile.

    The charge point obeys `accepted`, or its own default where that is None; while a request is unanswered it may
    obey `pending` as well. `doubtful` are others that it may obey: of requests that stayed unanswered or were overtaken
    by another, and what it told while a request was open, or may have. A refusal leaves the
    session alone until `refused_until`.
    """

    model_config = ConfigDict(frozen=True)

    accepted: ChargingProfile | None = None
    pending: ChargingProfile | None = None
    request_id: str | None = None
    asked_at: DateTime | None = None
    """When the request was sent; it never is twice."""
    accepted_after: DateTime | None = None
    """When the accepted profile was sent, or told; what the charge point calculated earlier is outdated."""
    accepted_at: DateTime | None = None
    """When the partner said so: it is in force since some moment between the two."""
    deadline: DateTime | None = None
    acts_until: DateTime | None = None
    """How long the partner may act on the request, by its own word; not before then a later one is surely the last."""
    told: bool = False
    """Whether the charge point has told another profile since the request was sent: nobody knows which came last."""
    doubtful: tuple[ChargingProfile, ...] = ()
    doubtful_until: DateTime | None = None
    """From then on a partner acts on none of the doubtful requests after a later one."""
    settling: bool = True
    """Whether nothing is doubtful any more once the request is accepted."""
    unheeded: int = 0
    """How many requests in a row heard TOO_OFTEN or nothing."""
    refusal: str | None = None
    refused_until: DateTime | None = None

    @property
    def asked(self) -> bool:
        """Whether the request has been sent."""
        return self.asked_at is not None

    def sending(
        self, profile: ChargingProfile, request_id: str, now: datetime, doubtful: tuple[ChargingProfile, ...] = ()
    ) -> Self:
        """A request for `profile` is to be sent.

        Args:
            profile: an absolute one.
            request_id: that of its response URL.
            now: the present time.
            doubtful: what was doubtful before, and the request that was pending, if it has been sent.
        """
        ends = [self.doubtful_until, self.acts_until if self.asked else None]
        until = max((end for end in ends if end), default=None)
        return self.model_copy(
            update={
                "pending": profile,
                "request_id": request_id,
                "asked_at": None,
                "deadline": now + ANSWER_WITHIN,
                "told": False,
                "doubtful": doubtful,
                "doubtful_until": until,
                "settling": until is None or until <= now,
                "unheeded": self.unheeded + (self.asked and self.expired(now)),
                "refusal": None,
                "refused_until": None,
            }
        )

    def asking(self, request_id: str, now: datetime) -> Self | None:
        """The request is being sent. None where it must not: another has replaced it, it was sent before (a queue may
        deliver twice), or it comes so late that it soon does not count any more."""
        if self.request_id != request_id or self.asked or self.expired(now + STORED_WITHIN):
            return None
        until = now + ANSWER_WITHIN
        return self.model_copy(update={"asked_at": now, "deadline": until, "acts_until": until + RESULT_WITHIN})

    def not_asked(self) -> Self:
        """The request was one too many, and the partner did nothing: as if it had not been sent. It may be sent again,
        until its deadline."""
        return self.model_copy(update={"asked_at": None, "acts_until": None, "told": False})

    def answered(self, answer: ChargingProfileResponse, now: datetime) -> Self:
        """The partner has answered the request: it will act, or it refuses (CHP-05 to CHP-09)."""
        if answer.result is ChargingProfileResponseType.ACCEPTED:
            told = timedelta(seconds=min(answer.timeout, LONGEST_TIMEOUT_S))
            return self.model_copy(update={"deadline": now + min(told, RESULT_WITHIN), "acts_until": now + told})
        if answer.result is ChargingProfileResponseType.TOO_OFTEN:
            return self.throttled(now)
        return self.refused(answer.result, now + RETRY_AFTER[answer.result])

    def concluded(self, result: ChargingProfileResultType, now: datetime) -> Self:
        """The charge point has acted, or has refused (CHP-15)."""
        if result is not ChargingProfileResultType.ACCEPTED:
            return self.refused(result, now + RETRY_AFTER[ChargingProfileResponseType.REJECTED])
        doubtful = () if self.settling else self.doubtful
        if self.told and self.accepted:
            doubtful = (*doubtful, self.accepted)
        in_force = {
            "accepted": self.pending,
            "accepted_after": self.asked_at,
            "accepted_at": now,
            "doubtful": doubtful,
            "unheeded": 0,
        }
        return self.model_copy(update=_NOTHING_PENDING | in_force)

    def throttled(self, now: datetime) -> Self:
        """The request has come too soon after another: the session is left alone, each time for longer."""
        times = self.unheeded + 1
        refused = self.refused(ChargingProfileResponseType.TOO_OFTEN, now + _pause(times))
        return refused.model_copy(update={"unheeded": times})

    def refused(self, why: str, until: datetime) -> Self:
        """The request has failed for certain; the session is left alone until then."""
        return self.model_copy(update=_NOTHING_PENDING | {"refusal": why, "refused_until": until})

    def changed(self, active: ActiveChargingProfile, now: datetime) -> Self | None:
        """The charge point obeys another profile than the one set, and says which (CHP-18, CHP-27).

        Returns None for what it calculated before the profile in force was sent. What it calculated before we heard
        that this one is in force may have come before or after it.
        """
        at = min(active.start_date_time, now)  # a clock that is ahead must not outdate what comes later
        if self.accepted_after and at < self.accepted_after.replace(microsecond=0):  # charge points tell whole seconds
            return None
        profile = active.charging_profile.model_copy(update={"start_date_time": at})
        if self.accepted_at is None or at > self.accepted_at:
            in_force = {"accepted": profile, "accepted_after": at, "accepted_at": at, "told": self.asked}
            return self.model_copy(update=in_force)
        doubtful = (*self.doubtful, profile) if len(self.doubtful) < MOST_DOUBTFUL else (_ANY,)
        return self.model_copy(update={"doubtful": doubtful, "settling": self.settling and not self.asked})

    def expired(self, now: datetime) -> bool:
        """Whether a request stayed unanswered for too long (CHP-16)."""
        return self.deadline is not None and self.deadline <= now

    def settles(self, now: datetime) -> bool:
        """Whether nothing is doubtful once the pending request is accepted, or else one that is sent now."""
        if self.pending and not self.expired(now):
            return self.settling
        return self.doubtful_until is None or self.doubtful_until <= now

    def left_alone(self, now: datetime) -> bool:
        """Whether the session's partner has refused a profile just now, or has been silent more than once."""
        silent_until = self.deadline + _pause(self.unheeded) if self.deadline and self.expired(now) else None
        return any(until is not None and now < until for until in (self.refused_until, silent_until))


def _pause(times: int) -> timedelta:
    """How long a session is left alone when so many requests in a row were not heeded."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (times - 1)) if times else timedelta(0)


_NOTHING_PENDING: dict[str, object] = {
    "pending": None,
    "request_id": None,
    "asked_at": None,
    "deadline": None,
    "acts_until": None,
    "told": False,
}
