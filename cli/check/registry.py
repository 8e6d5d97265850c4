"""Every check there is: a function, the rule it shows, and when it can run."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from cli.check.subject import Subject


class Level(StrEnum):
    """How binding a rule is; only a broken MUST fails a run."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"


class Phase(IntEnum):
    """When a check runs; phases follow each other in this order."""

    OPEN = 1
    """With any token: versions, credentials, authorization."""
    INVITED = 2
    """With a CREDENTIALS_TOKEN_A, before registration."""
    JOINING = 3
    """Once we have tried to register, whether it worked or not."""
    REGISTERED = 4
    """With a registered token."""
    LOOKING_BACK = 5
    """Over all that was answered."""
    PARTED = 6
    """After the registration has ended."""


type Interface = tuple[str, str]
"""A module and its interface, such as ("locations", "SENDER")."""


@dataclass(frozen=True)
class Check:
    """One check.

    Attributes:
        name: unique among all checks.
        rule: the id of the requirement.
        title: what holds when it passes.
        on: the interfaces of which the platform must offer one; empty if it needs none.
        writes: whether it changes, or could change, anything at the platform.
        run: raises Unmet or NotApplicable, or passes.
    """

    name: str
    rule: str
    title: str
    level: Level
    phase: Phase
    on: tuple[Interface, ...]
    writes: bool
    run: Callable[[Subject], None]


CHECKS: list[Check] = []


def sender(*modules: str) -> tuple[Interface, ...]:
    """The Sender interfaces of modules."""
    return tuple((module, "SENDER") for module in modules)


def receiver(*modules: str) -> tuple[Interface, ...]:
    """The Receiver interfaces of modules."""
    return tuple((module, "RECEIVER") for module in modules)


def check(
    rule: str,
    *on: Interface,
    level: Level = Level.MUST,
    phase: Phase = Phase.REGISTERED,
    writes: bool = False,
) -> Callable[[Callable[[Subject], None]], Callable[[Subject], None]]:
    """Register a function as a check; its docstring is the title."""

    def register(run: Callable[[Subject], None]) -> Callable[[Subject], None]:
        if any(known.name == run.__name__ for known in CHECKS):
            raise ValueError(f"two checks are called {run.__name__}")
        title = (run.__doc__ or "").strip().removesuffix(".")
        CHECKS.append(Check(run.__name__, rule, title, level, phase, on, writes, run))
        return run

    return register
