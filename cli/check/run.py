"""Runs the checks one after the other, registers before and leaves afterwards."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from cli.check import handshake
from cli.check.answers import look
from cli.check.client import Client, NoAnswer
from cli.check.counterpart import counterpart
from cli.check.exchange import Exchange
from cli.check.reach import CannotRun, reach
from cli.check.registry import Check, Level, Phase
from cli.check.rules import CHECKS
from cli.check.store import clear_away
from cli.check.subject import Subject
from cli.check.verdict import NotApplicable, Unmet
from ocpi.types.parties import Party
from ocpi.types.primitives import Role

MAX_SILENCE = 3
"""After so many checks in a row without an answer we look whether the platform is still there."""

OUR_PARTY = Party("XX", "CHK")
"""Who we are when we register, unless told otherwise."""

NEEDS_WRITE = "it writes, which needs --write"
NEEDS_REGISTRATION = "a CREDENTIALS_TOKEN_A opens no modules; with --write it is used to register"
NOT_REGISTERED = "the registration did not work"

_SUBJECTS = ("VER", "CRE", "TRA", "ROU", "STA", "TYP", "LOC", "SES", "CDR", "TAR", "TOK", "CMD", "CHP", "HUB")


class Outcome(StrEnum):
    """What a check found."""

    PASSED = "passed"
    FAILED = "failed"
    WARNED = "warned"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Result:
    """What one check found: with `expected` and `seen` where the rule is not kept, with `reason` where skipped."""

    check: Check
    outcome: Outcome
    reason: str | None = None
    expected: str | None = None
    seen: str | None = None


@dataclass(frozen=True)
class Order:
    """What is to be checked.

    Attributes:
        url: of the versions endpoint.
        party: who we are; needed for writing with a registered token.
        only: beginnings of rule ids or names of checks; all checks if empty.
        listen: host and port for the platform we play.
        public_url: how that is reached from outside, if not as it is.
    """

    url: str
    token: str
    role: Role | None = None
    write: bool = False
    party: Party | None = None
    only: tuple[str, ...] = ()
    listen: tuple[str, int] = ("127.0.0.1", 0)
    public_url: str | None = None
    timeout: float = 10.0


@dataclass
class Report:
    """What a run has found so far."""

    subject: Subject
    results: list[Result]
    interrupted: bool = False

    @property
    def counts(self) -> Counter[str]:
        """How many checks have which outcome."""
        return Counter(str(result.outcome) for result in self.results)


def chosen(only: Iterable[str]) -> list[Check]:
    """The checks whose rule id begins with one of `only`, or that are called so; all if there is none.

    Raises:
        CannotRun: there are none.
    """
    wanted = tuple(text.strip() for text in only)
    found = [c for c in CHECKS if not wanted or c.name in wanted or c.rule.startswith(tuple(w.upper() for w in wanted))]
    if not found:
        raise CannotRun(f"no check begins with {' or '.join(wanted)}; --list shows all")
    return sorted(found, key=in_order)


def in_order(each: Check) -> tuple[int, int, str]:
    """Sorts checks by phase and rule, so that the simple rules come before those that build on them."""
    return each.phase, _SUBJECTS.index(each.rule.partition("-")[0]), each.rule


def run(order: Order, tell: Callable[[Check], None] = lambda _: None) -> Report:
    """Check a platform. `tell` hears of each check before it runs.

    Raises:
        CannotRun: there is nothing to check.
    """
    checks = chosen(order.only)
    with ExitStack() as stack:
        subject = _reach(order, stack)
        report = Report(subject, [])
        try:
            for result in _run(subject, checks, tell):
                report.results.append(result)
        except KeyboardInterrupt:
            report.interrupted = True
        finally:
            _leave(subject)
    return report


def _reach(order: Order, stack: ExitStack) -> Subject:
    """The platform to check; the platform we play listens until the `stack` ends."""
    client = Client(order.token, order.timeout)
    stack.callback(client.close)
    notes: dict[str, Unmet] = {}
    client.watchers.append(partial(_note, notes))
    subject = reach(client, order.url)
    subject.notes = notes
    subject.role, subject.write, subject.party = order.role, order.write, order.party
    if order.write and subject.invited:
        subject.party = order.party or OUR_PARTY
        try:
            subject.counterpart = stack.enter_context(counterpart(order.listen, order.public_url, subject.party))
        except OSError as error:
            raise CannotRun(f"cannot listen on {order.listen[0]}:{order.listen[1]}: {error}") from None
    return subject


def _join(subject: Subject) -> None:
    """Register, if that is what the run is for; the checks of the registration tell how it went.

    Raises:
        CannotRun: the platform does not answer.
    """
    if subject.counterpart is None or subject.registration is not None:
        return
    try:
        handshake.register(subject)
    except NoAnswer as error:
        raise CannotRun(f"the registration got no answer: {error}") from None
    except NotApplicable:
        return  # There is no credentials endpoint, as another check tells.


def _leave(subject: Subject) -> None:
    """Clear away what was written, and end the registration, if there is one."""
    with suppress(NoAnswer, NotApplicable):
        clear_away(subject)
    with suppress(NoAnswer, NotApplicable):
        handshake.unregister(subject)


def _run(subject: Subject, checks: list[Check], tell: Callable[[Check], None]) -> Iterator[Result]:
    silence = 0
    for each in checks:
        tell(each)
        if each.phase >= Phase.JOINING:
            _join(subject)
        if each.phase == Phase.PARTED:
            _leave(subject)
        result, silent = _judge(subject, each)
        silence = silence + 1 if silent else 0
        yield result
        if silence == MAX_SILENCE:
            _require_answer(subject)
            silence = 0


def _require_answer(subject: Subject) -> None:
    try:
        subject.client.send("GET", subject.versions_url)
    except NoAnswer as error:
        raise CannotRun(f"the platform no longer answers: {error}") from None


def _judge(subject: Subject, each: Check) -> tuple[Result, bool]:
    """What a check finds, and whether that was because the platform was silent."""
    reason = _why_not(subject, each)
    if reason:
        return Result(each, Outcome.SKIPPED, reason), False
    unmet = Outcome.FAILED if each.level == Level.MUST else Outcome.WARNED
    try:
        each.run(subject)
    except NotApplicable as error:
        return Result(each, Outcome.SKIPPED, str(error)), False
    except Unmet as error:
        return Result(each, unmet, expected=error.expected, seen=error.seen), False
    except NoAnswer as error:
        return Result(each, unmet, expected="an answer", seen=str(error)), True
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        seen = f"an answer of another shape ({type(error).__name__}: {error})"
        return Result(each, unmet, expected="what OCPI defines for this request", seen=seen), False
    return Result(each, Outcome.PASSED), False


def _why_not(subject: Subject, each: Check) -> str | None:
    """Why a check cannot run here, None if it can."""
    if each.writes and not subject.write:
        return NEEDS_WRITE
    if each.phase == Phase.INVITED and not subject.invited:
        return "needs a CREDENTIALS_TOKEN_A"
    if each.phase == Phase.REGISTERED and subject.invited:
        return NOT_REGISTERED if subject.write else NEEDS_REGISTRATION
    if each.on and not any(subject.offers(module, role) for module, role in each.on):
        offered = " or ".join(f"{module} {role}" for module, role in each.on)
        return f"the platform offers no {offered}"
    return None


def _note(notes: dict[str, Unmet], exchange: Exchange) -> None:
    for rule, unmet in look(exchange).items():
        notes.setdefault(rule, unmet)
