"""A difference, applied by the rules of our own receivers, makes the new object of the old one, exactly."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from ocpi import wire
from ocpi.intake import locations, sessions, tokens
from ocpi.intake.parts import CONNECTORS, EVSES
from ocpi.push.difference import MAX_BYTES, Difference, difference
from ocpi.store.keys import ObjectId
from ocpi.store.objects import Change, Objects, Outcome
from ocpi.types.tokens import TokenType
from ocpi.types.versions import ModuleID
from tests.objects import CONNECTOR, EVSE, LOCATION, PERIOD, SESSION, TARIFF, TOKEN

TIMES = [f"2026-11-22T0{hour}:00:00Z" for hour in (8, 9)] + ["2026-11-22T09:00:00.5Z", "2026-11-22T10:00:00"]


class Receiver(Objects):
    """A store that holds one object, so that our intake can change it."""

    def __init__(self, document: wire.JsonObject) -> None:
        super().__init__("none")
        self.document = document

    def change(self, object_id: ObjectId, change: Change) -> Outcome | None:
        changed = change(self.document)
        assert changed is not None, "the PATCH was ignored as stale"
        self.document = changed[0]
        return Outcome.UPDATED


def applied(module: ModuleID, old: wire.JsonObject, change: Difference) -> wire.JsonObject:
    """`old` after a partner of ours has sent `change`."""
    receiver = Receiver(deepcopy(old))
    id_ = str(old["uid"] if module is ModuleID.TOKENS else old["id"])
    object_id = ObjectId("cpo", module, str(old["country_code"]), str(old["party_id"]), id_)
    fields = wire.loads_object(change.fields)
    match module:
        case ModuleID.LOCATIONS:
            way = list(zip((EVSES, CONNECTORS), change.path, strict=False))
            locations.patch(receiver, object_id, way, fields)
        case ModuleID.SESSIONS:
            sessions.patch(receiver, object_id, fields)
        case _:
            tokens.patch(receiver, object_id, fields, TokenType.RFID)
    return receiver.document


def written(value: Any) -> str:
    """How a document is written, but for the order of names; null is as good as absent."""
    return wire.dumps(_sorted(value)).decode()


def _sorted(value: Any) -> Any:
    match value:
        case dict():
            return {name: _sorted(value[name]) for name in sorted(value) if value[name] is not None}
        case list():
            return [_sorted(item) for item in value]
    return value


def exact(document: dict[str, Any]) -> wire.JsonObject:
    return wire.loads_object(wire.dumps(document))


def choices(**values: list[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Some of these fields, each with one of its values."""
    return st.fixed_dictionaries({}, optional={name: st.sampled_from(options) for name, options in values.items()})


CONNECTORS_ = choices(
    max_amperage=[16, 32], tariff_ids=[None, [], ["T1"], ["T1", "T2"]], last_updated=TIMES, x_extra=[1, 1.0, True, None]
).map(lambda fields: CONNECTOR | fields)
EVSES_ = st.builds(
    lambda fields, uid, connectors: (
        EVSE | fields | {"uid": uid, "connectors": [c | {"id": str(i)} for i, c in enumerate(connectors)]}
    ),
    choices(status=["AVAILABLE", "CHARGING", "REMOVED"], floor_level=[None, "1", "2"], last_updated=TIMES),
    st.sampled_from(["E1", "E2", "e2", "E3"]),
    st.lists(CONNECTORS_, min_size=1, max_size=2),
)
LOCATIONS = st.builds(
    lambda fields, evses: LOCATION | fields | {"evses": evses},
    choices(name=[None, "A", "B"], publish=[True, False], facilities=[None, [], ["HOTEL"]], last_updated=TIMES),
    st.lists(EVSES_, max_size=3, unique_by=lambda evse: evse["uid"].lower()),
)
PERIODS = st.builds(
    lambda start, volume: PERIOD | {"start_date_time": start, "dimensions": [{"type": "ENERGY", "volume": volume}]},
    st.sampled_from(TIMES),
    st.sampled_from([1, 1.0, 0.1]),
)
SESSIONS = st.builds(
    lambda fields, periods: SESSION | fields | ({} if periods is None else {"charging_periods": periods}),
    choices(kwh=[1, 1.0, 2.5], status=["ACTIVE", "COMPLETED"], meter_id=[None, "M"], last_updated=TIMES),
    st.none() | st.lists(PERIODS, max_size=3),
)
TOKENS = choices(valid=[True, False], group_id=[None, "G"], last_updated=TIMES).map(lambda fields: TOKEN | fields)


def pairs(states: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[tuple[dict[str, Any], dict[str, Any]]]:
    """An old and a new state; often they differ in little."""
    return st.one_of(st.tuples(states, states), states.flatmap(lambda old: st.tuples(st.just(old), _near(old))))


@st.composite
def _near(draw: st.DrawFn, old: dict[str, Any]) -> dict[str, Any]:
    """`old` with one part of it changed, and last_updated moved on everywhere above."""
    new = deepcopy(old)
    moment = draw(st.just("2026-11-22T11:00:00Z") | st.sampled_from(TIMES))
    new["last_updated"] = moment
    if not new.get("evses"):
        return new | ({"kwh": 7} if "kwh" in new else {})
    evse = draw(st.sampled_from(new["evses"]))
    evse["last_updated"] = moment
    if draw(st.booleans()):
        evse["status"] = draw(st.sampled_from(["BLOCKED", "CHARGING"]))
    else:
        draw(st.sampled_from(evse["connectors"])).update({"max_voltage": 400, "last_updated": moment})
    return new


def check(module: ModuleID, old: dict[str, Any], new: dict[str, Any]) -> None:
    before, after = exact(old), exact(new)
    change = difference(module, before, after)
    event(f"{'PUT' if change is None else f'PATCH at level {len(change.path)}'}")
    if change is not None:
        assert written(applied(module, before, change)) == written(after)


@given(pairs(LOCATIONS))
def test_the_difference_of_two_locations_makes_one_of_the_other(states: tuple[dict[str, Any], dict[str, Any]]) -> None:
    check(ModuleID.LOCATIONS, *states)


@given(pairs(SESSIONS))
def test_the_difference_of_two_sessions_makes_one_of_the_other(states: tuple[dict[str, Any], dict[str, Any]]) -> None:
    check(ModuleID.SESSIONS, *states)


@given(pairs(TOKENS))
def test_the_difference_of_two_tokens_makes_one_of_the_other(states: tuple[dict[str, Any], dict[str, Any]]) -> None:
    check(ModuleID.TOKENS, *states)


LATER = "2026-11-22T09:00:00Z"


def told(module: ModuleID, old: dict[str, Any], new: dict[str, Any]) -> tuple[tuple[str, ...], Any] | None:
    change = difference(module, exact(old), exact(new | {"last_updated": LATER}))
    return (change.path, wire.loads_object(change.fields)) if change else None


def test_the_fields_that_changed_are_all_that_is_told() -> None:
    assert told(ModuleID.LOCATIONS, LOCATION, LOCATION | {"city": "Amersfoort"}) == (
        (),
        {"city": "Amersfoort", "last_updated": LATER},
    )


def test_one_evse_or_connector_that_changed_is_told_at_its_level() -> None:
    blocked = EVSE | {"status": "BLOCKED", "last_updated": LATER}
    assert told(ModuleID.LOCATIONS, LOCATION, LOCATION | {"evses": [blocked, LOCATION["evses"][1]]}) == (
        ("E1",),
        {"status": "BLOCKED", "last_updated": LATER},
    )
    rewired = EVSE | {"connectors": [CONNECTOR | {"max_amperage": 16, "last_updated": LATER}], "last_updated": LATER}
    assert told(ModuleID.LOCATIONS, LOCATION, LOCATION | {"evses": [rewired, LOCATION["evses"][1]]}) == (
        ("E1", "1"),
        {"max_amperage": 16, "last_updated": LATER},
    )


def test_new_charging_periods_are_told_without_the_old() -> None:
    second = PERIOD | {"start_date_time": LATER}
    old = SESSION | {"charging_periods": [PERIOD]}
    assert told(ModuleID.SESSIONS, old, SESSION | {"charging_periods": [PERIOD, second]}) == (
        (),
        exact({"charging_periods": [second], "last_updated": LATER}),
    )


LONG = [{"language": "en", "text": "x" * 500}] * (MAX_BYTES // 500)


@pytest.mark.parametrize(
    ("module", "old", "new"),
    [
        (ModuleID.LOCATIONS, LOCATION | {"name": "A"}, LOCATION),
        (ModuleID.LOCATIONS, LOCATION | {"name": "A"}, LOCATION | {"name": None}),
        (ModuleID.LOCATIONS, LOCATION, LOCATION | {"evses": [EVSE]}),
        (ModuleID.LOCATIONS, LOCATION, LOCATION | {"evses": [*LOCATION["evses"], EVSE | {"uid": "E3"}]}),
        (ModuleID.LOCATIONS, LOCATION, LOCATION | {"evses": [e | {"status": "BLOCKED"} for e in LOCATION["evses"]]}),
        (ModuleID.LOCATIONS, LOCATION, LOCATION | {"directions": LONG}),
        (ModuleID.LOCATIONS, LOCATION, LOCATION | {"party_id": "OTH"}),
        (ModuleID.LOCATIONS, LOCATION | {"last_updated": "2026-11-22T09:00:01Z"}, LOCATION),
        (ModuleID.SESSIONS, SESSION | {"charging_periods": [PERIOD]}, SESSION | {"charging_periods": []}),
        (ModuleID.SESSIONS, SESSION | {"charging_periods": [PERIOD]}, SESSION | {"charging_periods": [PERIOD, PERIOD]}),
        (ModuleID.SESSIONS, SESSION | {"meter_id": "M"}, SESSION),
        (ModuleID.TOKENS, TOKEN, TOKEN | {"type": "OTHER"}),
        (ModuleID.TARIFFS, TARIFF, TARIFF | {"currency": "USD"}),
    ],
)
def test_what_a_patch_cannot_say_or_is_not_small_takes_a_put(
    module: ModuleID, old: dict[str, Any], new: dict[str, Any]
) -> None:
    assert told(module, old, new) is None
