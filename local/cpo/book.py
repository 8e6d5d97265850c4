"""The CPO's book of OCPI Sessions: one for each stay that has begun."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from local.cpo.sessions import Day
from local.cpo.site import CONNECTOR_ID, COUNTRY_CODE, PARTY_ID
from ocpi.types.cdrs import AuthMethod, CdrDimension, CdrDimensionType, CdrToken, ChargingPeriod
from ocpi.types.sessions import ChargingPreferences, ProfileType, Session, SessionStatus
from ocpi.types.tokens import TokenType


@dataclass(frozen=True)
class Entry:
    """What is in the book of one stay."""

    started: datetime
    updated: datetime
    kwh: Decimal = Decimal(0)
    ended: datetime | None = None
    periods: tuple[ChargingPeriod, ...] = ()


class Book:
    """Sessions by stay. Ids carry `run`, so that two runs against one platform do not meet."""

    def __init__(self, day: Day, run: str) -> None:
        self._day = day
        self._run = run
        self._entries: dict[int, Entry] = {}

    def session_id(self, stay: int) -> str:
        """The OCPI id of a stay's session."""
        return f"{self._run}-{stay + 1:03d}"

    def stay(self, session_id: str) -> int | None:
        """The stay of a session that has begun; ids are compared without regard to case."""
        wanted = session_id.lower()
        return next((stay for stay in self._entries if self.session_id(stay).lower() == wanted), None)

    def ongoing(self, session_id: str) -> int | None:
        """The stay of a session that has begun and not ended."""
        stay = self.stay(session_id)
        return None if stay is None or self._entries[stay].ended else stay

    def started(self) -> dict[int, datetime]:
        """When each session began."""
        return {stay: entry.started for stay, entry in self._entries.items()}

    def begin(self, stay: int, now: datetime) -> None:
        """A session begins."""
        self._entries[stay] = Entry(now, now)

    def meter(self, stay: int, kwh: Decimal, now: datetime) -> bool:
        """Note what the meter says; whether that is news."""
        entry = self._entries[stay]
        if kwh == entry.kwh:
            return False
        self._entries[stay] = replace(entry, kwh=kwh, updated=now)
        return True

    def stop_drawing(self, stay: int, now: datetime) -> ChargingPeriod:
        """The car is full: from now on it asks for no power, which is a charging period of its own."""
        parked = CdrDimension(type=CdrDimensionType.PARKING_TIME, volume=Decimal(0))
        period = ChargingPeriod(start_date_time=now, dimensions=[parked])
        entry = self._entries[stay]
        self._entries[stay] = replace(entry, periods=(*entry.periods, period), updated=now)
        return period

    def end(self, stay: int, now: datetime) -> None:
        """A session ends."""
        self._entries[stay] = replace(self._entries[stay], ended=now, updated=now)

    def session(self, stay: int) -> Session:
        """The OCPI Session as it stands, with the driver's preferences as an extension."""
        entry = self._entries[stay]
        plan = self._day.stays[stay]
        preferences = ChargingPreferences(
            profile_type=ProfileType.REGULAR,
            departure_time=plan.told_departure,
            energy_need=Decimal(str(plan.told_kwh)),
        )
        return Session.model_validate(
            {
                "country_code": COUNTRY_CODE,
                "party_id": PARTY_ID,
                "id": self.session_id(stay),
                "start_date_time": entry.started,
                "end_date_time": entry.ended,
                "kwh": entry.kwh,
                "cdr_token": self._token(stay),
                "auth_method": AuthMethod.WHITELIST,
                "location_id": self._day.site.location_id,
                "evse_uid": plan.berth.evse_uid,
                "connector_id": CONNECTOR_ID,
                "currency": "EUR",
                "charging_periods": list(entry.periods),
                "status": SessionStatus.COMPLETED if entry.ended else SessionStatus.ACTIVE,
                "last_updated": entry.updated,
                "charging_preferences": preferences,
            }
        )

    def sessions(self) -> list[Session]:
        """All sessions that have begun, oldest first."""
        return [self.session(stay) for stay in self._entries]

    def _token(self, stay: int) -> CdrToken:
        return CdrToken(
            country_code=COUNTRY_CODE,
            party_id="EMP",
            uid=f"CARD{stay + 1:04d}",
            type=TokenType.RFID,
            contract_id=f"{COUNTRY_CODE}-EMP-C{stay + 1:08d}",
        )
