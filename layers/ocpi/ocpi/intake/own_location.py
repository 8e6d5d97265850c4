"""What a Location of ours has to be before partners see it."""

from dataclasses import replace
from decimal import Decimal
from itertools import combinations
from typing import Any

from ocpi import wire
from ocpi.intake.active import active_between
from ocpi.intake.identity import items
from ocpi.store.keys import ObjectId
from ocpi.store.objects import Objects
from ocpi.transport.patch import last_updated
from ocpi.transport.status import invalid
from ocpi.types.locations import Status
from ocpi.types.primitives import format_datetime
from ocpi.types.versions import ModuleID

MOST_TARIFFS = 200
"""How many Tariffs are looked up for one write: those among which its connectors leave a choice."""


def publishable(
    objects: Objects, location: ObjectId, document: wire.JsonObject, known: wire.JsonObject | None
) -> wire.JsonObject:
    """Our Location as it is to be stored, where `known` is stored.

    An EVSE that is left out is kept as REMOVED, for Sessions and CDRs still refer to it (LOC-17, LOC-18). A change to a
    part moves ``last_updated`` of all above it (LOC-15).

    Raises:
        OcpiError: 2001 for a connector that is left out (LOC-18), an energy mix that does not add up to 100 % (LOC-40),
            and tariffs of a connector that hold for the same sessions at the same time (LOC-34).
    """
    _require_whole_mix(document)
    whole = _dated(_with_removed(document, known)) if known else _dated(document)
    before = _tariff_choices(known or {})
    new = {ids: pointer for ids, pointer in _tariff_choices(whole).items() if ids not in before}
    if sum(map(len, new)) > MOST_TARIFFS:
        raise invalid(f"{next(iter(new.values()))}: from here on, connectors refer to more than {MOST_TARIFFS} tariffs")
    for tariff_ids, pointer in new.items():
        _require_apart(objects, location, tariff_ids, pointer)
    return whole


def _with_removed(document: wire.JsonObject, known: wire.JsonObject) -> wire.JsonObject:
    evses = items(document, "evses")
    uids = {evse["uid"].lower(): place for place, evse in enumerate(evses)}
    for old in items(known, "evses"):
        place = uids.get(old["uid"].lower())
        if place is not None:
            _require_connectors(f"/evses/{place}/connectors", evses[place], old)
        elif old["status"] == Status.REMOVED:
            evses.append(old)
        else:
            moment = format_datetime(max(last_updated(document), last_updated(old)))
            evses.append(old | {"status": Status.REMOVED, "last_updated": moment})
    return document | {"evses": evses} if evses else document


def _require_connectors(pointer: str, evse: dict[str, Any], old: dict[str, Any]) -> None:
    given = {connector["id"].lower() for connector in evse["connectors"]}
    for connector in old["connectors"]:
        if connector["id"].lower() not in given:
            raise invalid(
                f"{pointer}: the connector {connector['id']} is missing; none is ever deleted: give it, or set the "
                "status of the EVSE to REMOVED and add another EVSE"
            )


def _dated(document: wire.JsonObject) -> wire.JsonObject:
    evses = [_newest(evse, items(evse, "connectors")) for evse in items(document, "evses")]
    return _newest(document | {"evses": evses}, evses) if evses else document


def _newest(document: dict[str, Any], parts: list[dict[str, Any]]) -> dict[str, Any]:
    newest = max(map(last_updated, (document, *parts)))
    return document if newest == last_updated(document) else document | {"last_updated": format_datetime(newest)}


def _require_whole_mix(document: wire.JsonObject) -> None:
    mix: Any = document.get("energy_mix") or {}
    shares = [Decimal(str(source["percentage"])) for source in items(mix, "energy_sources")]
    if shares and sum(shares) != 100:
        raise invalid(f"/energy_mix/energy_sources: the percentages add up to {sum(shares)}, not to 100")


def _tariff_choices(document: wire.JsonObject) -> dict[frozenset[str], str]:
    """The sets of tariffs among which a connector leaves the choice, each with a place where it stands."""
    return {
        frozenset(map(str.upper, connector["tariff_ids"])): f"/evses/{i}/connectors/{j}/tariff_ids"
        for i, evse in enumerate(items(document, "evses"))
        for j, connector in enumerate(items(evse, "connectors"))
        if len(items(connector, "tariff_ids")) > 1
    }


def _require_apart(objects: Objects, location: ObjectId, tariff_ids: frozenset[str], pointer: str) -> None:
    """Tariffs that the platform does not know cannot be compared."""
    known = (objects.get(replace(location, module=ModuleID.TARIFFS, id=id_)) for id_ in sorted(tariff_ids))
    tariffs: list[dict[str, Any]] = [tariff.parsed() for tariff in known if tariff]
    for one, other in combinations(tariffs, 2):
        if one.get("type") == other.get("type") and _overlap(one, other):
            raise invalid(f"{pointer}: {one['id']} and {other['id']} hold for the same sessions at the same time")


def _overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    (begin, end), (other_begin, other_end) = active_between(one), active_between(other)
    return begin < other_end and other_begin < end
