"""Under which conditions a simulated party works: the faults, the time, and what has become of its requests."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from local.faults import MODULES, VERSIONS, Fault, Faults
from ocpi import clock
from ocpi.types.versions import ModuleID

type Counts = Counter[tuple[str, str, str]]
"""How many requests of a module and method had an outcome: an OCPI status code, or the kind of fault that they met."""


@dataclass
class Conditions:
    """The faults, the time by which they come and go, and the requests so far.

    Args:
        faults: what may be met.
        now: simulated time.
        served: the requests that we were sent.
        sent: the requests that we sent.
    """

    faults: Faults = field(default_factory=Faults)
    now: Callable[[], datetime] = clock.now
    served: Counts = field(default_factory=Counter)
    sent: Counts = field(default_factory=Counter)

    def arriving(self, method: str, module: str, object_id: str | None) -> Fault | None:
        """The fault that a request meets here, if any."""
        return self.faults.decide(method, module, self.now(), object_id)

    def leaving(self, method: str, module: str) -> Fault | None:
        """The fault that a request of ours meets, if any."""
        return self.faults.decide(method, module, self.now(), sending=True)


def module_of(path: str) -> str:
    """The module that a path is about, as the faults name it; ``versions`` where none is in it."""
    return next((segment for segment in path.split("/") if segment in MODULES), VERSIONS)


def object_of(path: str) -> str | None:
    """The id of the object that a path is about; None if it is about none, or about many.

    Receivers of objects that their owner names have it behind the party, all others right behind the module.
    """
    module = module_of(path)
    _, _, rest = path.partition(f"/{module}/")
    segments = [segment for segment in rest.split("/") if segment]
    if module in _BEHIND_THE_PARTY and "/receiver/" in path:
        return segments[2] if len(segments) > 2 else None
    return segments[0] if segments and module not in _WITHOUT_OBJECTS else None


_BEHIND_THE_PARTY = {ModuleID.LOCATIONS, ModuleID.SESSIONS, ModuleID.CDRS, ModuleID.TARIFFS, ModuleID.TOKENS}
_WITHOUT_OBJECTS = {VERSIONS, ModuleID.CREDENTIALS, ModuleID.COMMANDS, ModuleID.HUB_CLIENT_INFO}


def counted(counts: Counts) -> Mapping[str, Mapping[str, Mapping[str, int]]]:
    """Counts as JSON: by module, method and outcome."""
    told: dict[str, dict[str, dict[str, int]]] = {}
    for (module, method, outcome), number in sorted(counts.items()):
        told.setdefault(module, {}).setdefault(method, {})[outcome] = number
    return told
