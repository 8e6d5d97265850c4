"""What becomes of the commands and charging profiles that the partner is sent: an answer at once, the result later."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from local.ocpi_http.client import Client
from local.ocpi_http.errands import Errands
from local.ocpi_http.registration import Registration
from ocpi import clock
from ocpi.types.chargingprofiles import (
    ActiveChargingProfile,
    ActiveChargingProfileResult,
    ChargingProfile,
    ChargingProfileResult,
    ChargingProfileResultType,
    ClearProfileResult,
)
from ocpi.types.commands import CommandResult, CommandResultType, CommandType
from ocpi.types.parties import Party

REMEMBERED = 1000
"""How many commands are kept."""

TIMEOUT_SECONDS = 60
"""When to give up on a result, as told in every answer: simulated seconds."""


class Results(StrEnum):
    """What the partner's charge points do."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    NONE = "none"


@dataclass
class Desk:
    """Takes requests whose result comes later, and posts it.

    Args:
        results: what the result is; with NONE it never comes.
        after: the real seconds until it comes.
        profiles: the charging profile of each session.
        told: the active profiles that a CPO has told of its sessions.
        commands: the last commands.
    """

    registration: Registration
    client: Client
    errands: Errands
    results: Results = Results.ACCEPTED
    after: float = 0.1
    profiles: dict[str, ChargingProfile] = field(default_factory=dict)
    told: dict[str, ActiveChargingProfile] = field(default_factory=dict)
    commands: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    def command(self, command: CommandType, body: object, response_url: str) -> None:
        """Carry out a command."""
        self.commands.append({"command": command, "body": body})
        accepted = self.results is Results.ACCEPTED
        result = CommandResult(result=CommandResultType.ACCEPTED if accepted else CommandResultType.REJECTED)
        self._answer_later(response_url, result)

    def set_profile(self, session_id: str, profile: ChargingProfile, response_url: str) -> None:
        """Put a profile on a session."""
        if self.results is Results.ACCEPTED:
            self.profiles[session_id] = profile
        self._answer_later(response_url, ChargingProfileResult(result=self._profile_result()))

    def clear_profile(self, session_id: str, response_url: str) -> None:
        """Take the profile off a session."""
        if self.results is Results.ACCEPTED:
            self.profiles.pop(session_id, None)
        self._answer_later(response_url, ClearProfileResult(result=self._profile_result()))

    def active_profile(self, session_id: str, response_url: str) -> None:
        """Tell the profile of a session; UNKNOWN without one."""
        profile = self.profiles.get(session_id)
        if self.results is not Results.ACCEPTED or profile is None:
            result = ChargingProfileResultType.UNKNOWN if profile is None else self._profile_result()
            self._answer_later(response_url, ActiveChargingProfileResult(result=result))
            return
        now = profile.start_date_time or clock.now()
        active = ActiveChargingProfile(start_date_time=now, charging_profile=profile)
        result = ChargingProfileResultType.ACCEPTED
        self._answer_later(response_url, ActiveChargingProfileResult(result=result, profile=active))

    def _profile_result(self) -> ChargingProfileResultType:
        accepted = self.results is Results.ACCEPTED
        return ChargingProfileResultType.ACCEPTED if accepted else ChargingProfileResultType.REJECTED

    def _answer_later(self, response_url: str, result: object) -> None:
        if self.results is not Results.NONE:
            self.errands.run(self._post(response_url, result))

    async def _post(self, response_url: str, result: object) -> None:
        await asyncio.sleep(self.after)
        partner = self.registration.partner
        if partner:
            own = self.registration.roles[0]
            routing = partner.routing(Party(own.country_code, own.party_id))
            await self.client.call("POST", response_url, partner.token, result, routing)
