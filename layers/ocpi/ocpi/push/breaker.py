"""Whether a partner is sent anything now: a circuit breaker, and the pace that the partner stands.

CLOSED, it is sent whatever is due. After some failures in a row it is OPEN: nothing is sent, only marked as due, and
now and then the partner's versions are asked for. Once they answer it is HALF_OPEN: one object is sent, and if that is
taken the breaker is CLOSED again, with a pace that doubles from one round to the next.

A single module that fails is left alone by itself, so that it does not stand for the others.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from ocpi.store import keys
from ocpi.store.table import Table
from ocpi.types.primitives import DateTime
from ocpi.types.versions import ModuleID

FAILURES = 5
"""So many in a row open it."""

MODULE_FAILURES = 3
"""So many in a row of one module, and that module is left alone for a while."""

FIRST_PROBE = timedelta(seconds=30)
LONGEST_PROBE = timedelta(minutes=15)
"""Between two looks at a partner that is away; twice as long after each that was in vain."""

MOST_DOUBLINGS = 10

WIDEST = 256
"""The window of a partner that stands any pace: rounds then follow each other without a pause."""

LONGEST_REST = timedelta(hours=1)
"""However long a partner that is asked too often wants to be left alone."""


class BreakerState(StrEnum):
    """Whether a partner is sent anything."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"


class Sickness(BaseModel):
    """A module whose objects a partner did not take lately, one after the other."""

    model_config = ConfigDict(frozen=True)

    failures: int = 0
    """Of different objects, in a row."""
    retry_at: DateTime | None = None
    """When one object is sent to see whether the module is well again; None while it is not left alone."""


class Breaker(BaseModel):
    """The breaker of one partner."""

    model_config = ConfigDict(frozen=True)

    state: BreakerState = BreakerState.CLOSED
    since: DateTime | None = None
    """When it came into this state; None if it was never in another."""
    reason: str | None = None
    """What failed last."""
    failures: int = 0
    """In a row."""
    openings: int = 0
    """In a row: it did not come to be closed in between."""
    retry_at: DateTime | None = None
    """Nothing is sent sooner: when it is OPEN, the time of the next probe."""
    window: int = WIDEST
    """How many objects are sent in a round, which is followed by a pause of a second; at :data:`WIDEST` by none."""
    sick: dict[ModuleID, Sickness] = {}
    """The modules that fail."""
    forced: bool = False
    """An operator has opened it; only an operator ends that."""
    tried_at: DateTime | None = None
    """When it was opened, or looked in vain whether the partner is back."""
    wake_at: DateTime | None = None
    """When the partner is to be looked at next, as somebody has seen to already."""

    def allows(self, now: datetime) -> bool:
        """Whether objects may be sent."""
        return self.state is not BreakerState.OPEN and self.rested(now)

    def probes(self, now: datetime) -> bool:
        """Whether to find out if the partner is back."""
        return self.state is BreakerState.OPEN and not self.forced and self.rested(now)

    def outdated(self, partner_changed: datetime) -> bool:
        """Whether the partner has told new credentials, or we have fetched them, since it was tried last."""
        open_by_itself = self.state is BreakerState.OPEN and not self.forced
        return open_by_itself and self.tried_at is not None and partner_changed > self.tried_at

    def rested(self, now: datetime) -> bool:
        """Whether the time has come at which it may be called again."""
        return self.retry_at is None or self.retry_at <= now

    def leaves_alone(self, module: ModuleID) -> bool:
        """Whether objects of a module are sent one at a time only, now and then."""
        return module in self.sick and self.sick[module].retry_at is not None

    def succeeded(self, module: ModuleID | None, now: datetime) -> "Breaker":
        """The partner has taken an object of a module, or refused it for a reason; None if there was none to send."""
        sick = {name: sickness for name, sickness in self.sick.items() if name is not module}
        if self.state is BreakerState.HALF_OPEN:
            return Breaker(since=now, window=self.window, wake_at=self.wake_at, sick=sick)
        if not self.failures and sick == self.sick:
            return self
        return self.model_copy(update={"failures": 0, "reason": None, "sick": sick})

    def widened(self) -> "Breaker":
        """A round went well: the next one may be twice as large."""
        return self.model_copy(update={"window": min(self.window * 2, WIDEST)}) if self.window < WIDEST else self

    def failed(self, module: ModuleID, reason: str, now: datetime) -> "Breaker":
        """The partner could not be reached with an object of a module, or has failed itself."""
        failures = self.sick.get(module, Sickness()).failures + 1
        rest = min(FIRST_PROBE * 2 ** min(max(failures - MODULE_FAILURES, 0), MOST_DOUBLINGS), LONGEST_PROBE)
        sickness = Sickness(failures=failures, retry_at=now + rest if failures >= MODULE_FAILURES else None)
        failed = self.model_copy(update={"sick": self.sick | {module: sickness}})
        if self.state is BreakerState.HALF_OPEN or self.failures + 1 >= FAILURES:
            return failed.opened(reason, now)
        return failed.model_copy(update={"failures": self.failures + 1, "reason": reason})

    def opened(self, reason: str, now: datetime, retry_after: timedelta | None = None) -> "Breaker":
        """Nothing is sent until the partner answers a probe, which comes no sooner than it wishes."""
        wait = min(FIRST_PROBE * 2**self.openings, LONGEST_PROBE)
        wait = max(wait, min(retry_after or wait, LONGEST_REST))
        since = self.since if self.state is BreakerState.OPEN else now
        return self.model_copy(
            update={
                "state": BreakerState.OPEN,
                "since": since,
                "reason": reason,
                "failures": self.failures + 1,
                "openings": min(self.openings + 1, MOST_DOUBLINGS),
                "retry_at": now + wait,
                "tried_at": now,
            }
        )

    def throttled(self, reason: str, now: datetime, retry_after: timedelta | None) -> "Breaker":
        """The partner is asked too often: it is left alone as long as it says, and sent half as much from then on."""
        window = max(self.window // 2, 1)
        wait = min(retry_after or timedelta(seconds=WIDEST // window), LONGEST_REST)
        return self.model_copy(update={"window": window, "retry_at": now + wait, "reason": reason})

    def half_opened(self, now: datetime) -> "Breaker":
        """The partner is back: one object is sent to see whether it takes it."""
        half = {"state": BreakerState.HALF_OPEN, "since": now, "retry_at": None, "window": 1, "forced": False}
        return self.model_copy(update=half)

    def forced_open(self, reason: str, now: datetime) -> "Breaker":
        """An operator wants nothing to be sent."""
        forced = {"state": BreakerState.OPEN, "since": now, "reason": reason, "retry_at": None, "forced": True}
        return self.model_copy(update=forced)


class Breakers:
    """The breakers in the deliveries table."""

    def __init__(self, table: str) -> None:
        self._table = Table(table)

    def get(self, partner_id: str) -> Breaker:
        """The breaker of a partner; closed if there was never reason to keep one."""
        item = self._table.get(keys.breaker(partner_id))
        return Breaker.model_validate_json(item["document"]) if item else Breaker()

    def all(self) -> dict[str, Breaker]:
        """Those that were kept, by the id of their partner."""
        items = self._table.query(keys.BREAKERS)
        return {item["sk"]: Breaker.model_validate_json(item["document"]) for item in items}

    def change(self, partner_id: str, change: Callable[[Breaker], Breaker]) -> Breaker:
        """Change a breaker, starting anew when someone else changed it meanwhile; returns what it is now."""
        return self._table.change(keys.breaker(partner_id), Breaker, change, default=Breaker())

    def forget(self, partner_id: str) -> None:
        """The partner is no more."""
        self._table.delete(keys.breaker(partner_id))
