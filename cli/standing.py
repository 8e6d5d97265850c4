"""How things stand with a partner: its breaker, what it is to hear and did not take, and how each module goes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cli.deployment import Deployment
from cli.output import answer_table, left_out, printable, when
from ocpi import clock
from ocpi.push.breaker import WIDEST, Breaker, BreakerState
from ocpi.push.due import DueObject, Given, ParkedObject
from ocpi.push.health import Health
from ocpi.store.pulls import PullRecord
from ocpi.types.versions import ModuleID


@dataclass(frozen=True)
class Standing:
    """What the stores know of it."""

    partner_id: str
    breaker: Breaker
    due: Sequence[DueObject]
    parked: Sequence[ParkedObject]
    healths: Mapping[ModuleID, Health]
    pulls: Sequence[PullRecord]

    @classmethod
    def of(cls, deployment: Deployment, partner_id: str) -> "Standing":
        """Read it."""
        return cls(
            partner_id=partner_id,
            breaker=deployment.breakers.get(partner_id),
            due=deployment.due.all(partner_id),
            parked=deployment.due.parked(partner_id),
            healths=deployment.healths.all(partner_id),
            pulls=deployment.pulls.of_partner(partner_id),
        )

    @property
    def told(self) -> dict[str, object]:
        """For programs; times are as they are, and the lag in seconds."""
        oldest = self._oldest
        return {
            "breaker": breaker_told(self.breaker),
            "due": {
                "objects": len(self.due),
                "oldest": oldest,
                "lag_s": int((clock.now() - oldest).total_seconds()) if oldest else 0,
            },
            "parked": {
                "refused": self._given(Given.REFUSED),
                "failed": self._given(Given.FAILED),
                "oldest": min((each.parked for each in self.parked), default=None),
            },
            "pushed": self._pushed,
            "pulled": self._pulled,
            "left_out": self._left_out,
        }

    def show(self) -> None:
        """For people."""
        print(f"breaker: {breaker_text(self.breaker, self.partner_id)}")
        print(f"due: {self._due_text()}")
        print(f"parked: {self._parked_text()}")
        if self._pushed:
            print("\nWhat it is sent:")
            answer_table(
                self._pushed, ("module", "due", "parked", "last_success", "last_error", "error"), as_json=False
            )
        if self.pulls:
            print("\nWhat is got from it:")
            columns = ("module", "own_party", "party", "last_success", "objects", "skipped", "next_at")
            answer_table(self._pulled, (*columns, "last_error", "reason"), as_json=False)
        for each in self._left_out:
            print(f"{each['module']} {printable(each['object'])} was left out: {printable(each['reason'])}")

    @property
    def _oldest(self) -> datetime | None:
        return min((each.since for each in self.due), default=None)

    @property
    def _pushed(self) -> list[dict[str, object]]:
        due = Counter(each.object_id.module for each in self.due)
        parked = Counter(each.object_id.module for each in self.parked)
        modules = sorted({*due, *parked, *self.healths})
        healths = [self.healths.get(module, Health(module)) for module in modules]
        return [
            {
                "module": health.module,
                "due": due[health.module],
                "parked": parked[health.module],
                "last_success": health.last_success,
                "last_error": health.last_error,
                "error": health.error,
            }
            for health in healths
        ]

    @property
    def _pulled(self) -> list[dict[str, object]]:
        return [
            {
                "module": pull.module,
                "own_party": pull.own_party and str(pull.own_party),
                "party": pull.party and str(pull.party),
                "last_success": pull.last_success,
                "last_full": pull.last_full,
                "objects": pull.objects,
                "skipped": pull.skipped,
                "next_at": pull.next_at,
                "last_error": pull.last_error,
                "reason": pull.reason,
                "failures": pull.failures,
            }
            for pull in self.pulls
        ]

    @property
    def _left_out(self) -> list[dict[str, str]]:
        return [
            {"module": pull.module, "object": name, "reason": reason}
            for pull in self.pulls
            for name, reason in (left_out(pull.module, skipped) for skipped in pull.examples)
        ]

    def _given(self, given: Given) -> int:
        return sum(each.given is given for each in self.parked)

    def _due_text(self) -> str:
        oldest = self._oldest
        return f"{len(self.due)}, the first since {when(oldest)}" if oldest else self._nothing_due

    @property
    def _nothing_due(self) -> str:
        return f"nothing is due; if it has lost something, 'ocpi partner resend {self.partner_id} --all' sends it again"

    def _parked_text(self) -> str:
        if not self.parked:
            return "nothing"
        counts = f"{self._given(Given.REFUSED)} refused, {self._given(Given.FAILED)} failed"
        return f"{counts}; see 'ocpi dlq show objects --partner {self.partner_id}'"


def breaker_told(breaker: Breaker) -> dict[str, object]:
    """A breaker for programs: of its reason and of the next try only what is in force."""
    return {
        "state": breaker.state,
        "since": breaker.since,
        "reason": _reason(breaker),
        "failures": breaker.failures,
        "retry_at": _retry_at(breaker),
        "window": breaker.window,
        "forced": breaker.forced,
    }


def breaker_text(breaker: Breaker, partner_id: str) -> str:
    """A breaker for people: its state, since when and why, what comes next, and at which pace it is sent anything."""
    text = f"{breaker.state}{' by an operator' if breaker.forced else ''}"
    if breaker.since:
        text += f" since {when(breaker.since)}"
    if breaker.failures:
        text += f", {breaker.failures} in a row failed"
    if reason := _reason(breaker):
        text += f": {printable(reason)}"
    return "; ".join([text, *_prospects(breaker, partner_id)])


def _reason(breaker: Breaker) -> str | None:
    """Why it is not as it should be; None once it is."""
    in_force = breaker.state is BreakerState.OPEN or breaker.failures or _retry_at(breaker) or breaker.window < WIDEST
    return breaker.reason if in_force else None


def _retry_at(breaker: Breaker) -> datetime | None:
    """When it is tried next; None if that may be now."""
    return None if breaker.rested(clock.now()) else breaker.retry_at


def _prospects(breaker: Breaker, partner_id: str) -> list[str]:
    if breaker.forced:
        return [f"'ocpi partner breaker {partner_id} close' ends that"]
    prospects = []
    if retry_at := _retry_at(breaker):
        tried = "looked at" if breaker.state is BreakerState.OPEN else "sent anything"
        prospects.append(f"it is {tried} again at {when(retry_at)}")
    if breaker.window < WIDEST:
        prospects.append(f"{breaker.window} objects at most in a round, a second between two")
    return prospects


def breaker_cell(breaker: Breaker | None) -> str | None:
    """A breaker in a table of partners; None if it is as it should be."""
    if breaker is None or breaker.state is BreakerState.CLOSED:
        return None
    return f"{breaker.state} (forced)" if breaker.forced else breaker.state
