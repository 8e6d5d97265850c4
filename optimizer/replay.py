"""Doing a run again: from what it had read, without the store and without sending anything."""

from collections.abc import Iterator, Mapping
from typing import Any

from ocpi import wire
from optimizer.inputs import Inputs
from optimizer.situation import Decision, decide


def outcome_of(decision: Decision) -> dict[str, Any]:
    """What is kept of a decision: the plan, None where none was made, and what was to be sent, by session."""
    return {
        "plan": decision.document(),
        "sends": {charging.id: schedule.to_charging_profile() for charging, schedule in decision.sends},
        "warnings": list(decision.warnings),
    }


def replayed(inputs: bytes) -> wire.JsonObject:
    """What comes of a run if it is done again.

    Raises:
        NotJson, ValidationError, SiteError: another version has written the inputs, or cannot read them.
    """
    return wire.loads_object(wire.dumps(outcome_of(decide(Inputs.of_json(inputs)))))


def differences(kept: wire.Json, again: wire.Json, place: str = "") -> Iterator[tuple[str, wire.Json, wire.Json]]:
    """Each place (a JSON Pointer) where two documents differ, with what each has there; None for nothing."""
    match kept, again:
        case Mapping(), Mapping():
            for name in sorted(kept.keys() | again.keys()):
                yield from differences(kept.get(name), again.get(name), f"{place}/{_escaped(name)}")
        case list(), list() if len(kept) == len(again):
            for number, (one, other) in enumerate(zip(kept, again, strict=True)):
                yield from differences(one, other, f"{place}/{number}")
        case _ if kept != again:
            yield place, kept, again


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
