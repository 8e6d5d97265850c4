"""Whether the curtailments of grid operators are obeyed, since when, and what they have done to the load."""

from datetime import datetime

from ocpi.sites.limits import Cap
from ocpi.sites.record import SLOT, Book, LoadSlot, Signal, slot_of
from ocpi.sites.site import Branch
from optimizer.recording.present import Present

_CAP = "cap:"
_EPSILON_A = 0.05


def awaits(book: Book) -> bool:
    """Whether a curtailment holds that is not obeyed yet."""
    return any(key.startswith(_CAP) for key in book.open)


def proof(signal: Signal, branch: Branch, cap: Cap, book: Book | None, present: Present) -> Signal | None:
    """A signal that is obeyed, with when that began; None if it is not, or that is known already.

    What was in force when it began needs no time; else it is obeyed once the last session concerned has accepted its
    profile, or the record says that it was not yet.
    """
    if signal.obeyed_at or not present.now < cap.end or not within(branch, cap, present):
        return None
    situation = present.decision.situation
    accepted = (
        situation.profile(session).accepted_at
        for session in situation.sessions
        if branch.id in {each.id for each in present.paths[session.node]}
    )
    late = [book.at] if book and key_of(cap) in book.open else []
    heard = [moment for moment in (*accepted, *late) if moment and moment <= present.now]
    return signal.model_copy(update={"obeyed_at": max(signal.start, signal.received_at, *heard)})


def loads_proved(signal: Signal, present: Present) -> tuple[datetime, datetime] | None:
    """When the slots begin that prove what a signal has done: the last before it, and the first as a whole when it was
    obeyed; None as long as that is not over."""
    if signal.obeyed_at is None:
        return None
    before = slot_of(max(signal.start, signal.received_at)) - SLOT
    begun = slot_of(signal.obeyed_at)
    after = begun + SLOT if begun + 2 * SLOT <= signal.end else begun
    return (before, after) if after + SLOT <= present.now else None


def load_kw(slot: LoadSlot | None, node: str, voltage_v: float) -> float | None:
    """The mean power at a node in a slot, with base load."""
    load = slot.nodes.get(node) if slot else None
    return round(sum([*load.base_a.values(), *load.ev_a.values()]) * voltage_v / 1000, 3) if load else None


def key_of(cap: Cap) -> str:
    """What goes on as long as a cap is not obeyed."""
    return f"{_CAP}{cap.signal_id}"


def within(branch: Branch, cap: Cap, present: Present) -> bool:
    """Whether all that sessions may draw is within a cap, as far as base load leaves something of it to them."""
    limits = cap.amperes(branch.voltage_v, branch.phases)
    return all(
        present.allowed_a(branch, phase) <= max(0.0, limit - present.base_a(branch, phase, present.now)) + _EPSILON_A
        for phase, limit in limits.items()
    )
