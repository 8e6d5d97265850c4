"""The slots that the loads of a site are on record in."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from ocpi.sites.phases import Phase
from ocpi.sites.record import SLOT, Book, LoadSlot, NodeLoad, slot_of
from optimizer.recording.present import AHEAD_SLOTS, Present

type Load = Mapping[tuple[str, Phase], float]
"""Mean currents in ampere, by node and phase."""


def looked_at(book: Book | None, present: Present) -> Iterator[tuple[datetime, Mapping[str, Mapping[Phase, float]]]]:
    """The slots since the record was written, each with what might be drawn in it."""
    this = slot_of(present.now)
    if book and book.at <= present.now:
        begun = slot_of(book.at)
        for number in range(1, min(AHEAD_SLOTS + 1, (this - begun) // SLOT)):
            yield (
                begun + number * SLOT,
                {
                    node: {phase: ahead[number] for phase, ahead in phases.items()}
                    for node, phases in book.ahead_a.items()
                },
            )
    yield this, {node: {phase: ahead[0] for phase, ahead in phases.items()} for node, phases in present.ahead_a.items()}


def slot(present: Present, start: datetime, allowed_a: Mapping[str, Mapping[Phase, float]] | None) -> LoadSlot:
    """A slot in which nothing was drawn, as far as is known; without `allowed_a` nobody has looked."""
    moment = present.now if start <= present.now < start + SLOT else start
    nodes = {}
    for branch in present.branches:
        base = {phase: round(present.base_a(branch, phase, moment), 3) for phase in branch.phases}
        allowed = (allowed_a or {}).get(branch.id, {})
        nodes[branch.id] = NodeLoad(
            limit_a={phase: round(limit, 3) for phase, limit in branch.limit(start, start + SLOT).items()},
            base_a=base,
            ev_a=dict.fromkeys(branch.phases, 0.0),
            allowed_a={phase: round(base[phase] + allowed[phase], 3) for phase in branch.phases if phase in allowed},
        )
    return LoadSlot(
        start=start,
        nodes=nodes,
        price_per_kwh=present.worth.price(moment),
        feed_in_per_kwh=present.worth.feed_in(moment),
        pv_kw=present.worth.pv_kw(moment),
        sessions=0 if allowed_a is None else len(present.states),
    )


def joined(slots: Sequence[LoadSlot]) -> LoadSlot:
    """What several have seen of one slot, the last one last."""
    nodes = {
        id_: NodeLoad(
            limit_a=_by_phase(min, [slot.nodes[id_].limit_a for slot in slots if id_ in slot.nodes]),
            base_a=_by_phase(max, [slot.nodes[id_].base_a for slot in slots if id_ in slot.nodes]),
            ev_a=_by_phase(max, [slot.nodes[id_].ev_a for slot in slots if id_ in slot.nodes]),
            allowed_a=_by_phase(max, [slot.nodes[id_].allowed_a for slot in slots if id_ in slot.nodes]),
        )
        for id_ in dict.fromkeys(node for slot in slots for node in slot.nodes)
    }
    return slots[-1].model_copy(update={"nodes": nodes, "sessions": max(slot.sessions for slot in slots)})


def _by_phase(
    choose: Callable[[Iterable[float]], float], amperes: Sequence[Mapping[Phase, float]]
) -> dict[Phase, float]:
    phases = dict.fromkeys(phase for each in amperes for phase in each)
    return {phase: choose(each[phase] for each in amperes if phase in each) for phase in phases}


def adding(slot: LoadSlot, load: Load) -> LoadSlot:
    """With what was drawn besides."""

    def more(id_: str, node: NodeLoad) -> NodeLoad:
        ev_a = {phase: round(ampere + load.get((id_, phase), 0.0), 4) for phase, ampere in node.ev_a.items()}
        return node.model_copy(update={"ev_a": ev_a})

    return (
        slot.model_copy(update={"nodes": {id_: more(id_, node) for id_, node in slot.nodes.items()}}) if load else slot
    )
