"""What somebody should look at, at a site, now."""

from collections.abc import Iterable, Sequence
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from ocpi.types.primitives import DateTime

NAMED = 10
"""So many alarms of one kind are told one by one."""


class AlarmKind(StrEnum):
    """What is the matter."""

    PARTNER_OFFLINE = "partner_offline"
    OVER_LIMIT = "over_limit"
    """More is drawn than a limit bears."""
    NO_PLAN = "no_plan"
    MAY_EXCEED = "may_exceed"
    """More may be drawn than a limit bears."""
    LIMIT_BELOW_BASE_LOAD = "limit_below_base_load"
    PROFILE_REFUSED = "profile_refused"
    FALLBACK_PLAN = "fallback_plan"
    NO_LOCATION = "no_location"
    SESSION_UNREADABLE = "session_unreadable"
    DAY_AHEAD_MISSING = "day_ahead_missing"


class Severity(StrEnum):
    """How soon somebody has to look."""

    WARNING = "warning"
    ALARM = "alarm"


SEVERITIES = dict.fromkeys(AlarmKind, Severity.WARNING) | dict.fromkeys(
    (AlarmKind.PARTNER_OFFLINE, AlarmKind.OVER_LIMIT, AlarmKind.NO_PLAN), Severity.ALARM
)
"""What is an alarm: nobody obeys us, a limit is exceeded, or nobody plans. The rest can wait till somebody looks."""


class State(StrEnum):
    """How a site is, in a word."""

    OK = "ok"
    WARNING = "warning"
    ALARM = "alarm"


class Alarm(BaseModel):
    """One thing that is the matter, in a line."""

    model_config = ConfigDict(frozen=True)

    kind: AlarmKind
    severity: Severity
    text: str
    since: DateTime | None = None

    @classmethod
    def of(cls, kind: AlarmKind, text: str, since: DateTime | None = None) -> "Alarm":
        """As severe as its kind."""
        return cls(kind=kind, severity=SEVERITIES[kind], text=text, since=since)


def some(alarms: Iterable[Alarm]) -> list[Alarm]:
    """Alarms of one kind, or as many of them as somebody reads."""
    all_ = list(alarms)
    if len(all_) <= NAMED:
        return all_
    rest = all_[NAMED].model_copy(update={"text": f"and {len(all_) - NAMED} more", "since": None})
    return [*all_[:NAMED], rest]


def state_of(alarms: Sequence[Alarm]) -> State:
    """How a site is of which these are the alarms."""
    if any(alarm.severity is Severity.ALARM for alarm in alarms):
        return State.ALARM
    return State.WARNING if alarms else State.OK
