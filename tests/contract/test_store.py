"""What the store promises: the newest wins, nothing is half written, and no change of someone else's is lost."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ocpi.store.keys import ObjectId
from ocpi.store.objects import Outcome
from ocpi.store.partner import Partner, PartnerStatus
from ocpi.store.profiles import ProfileState
from ocpi.store.table import Conflict
from ocpi.types.versions import ModuleID
from tests.contract.conftest import Store
from tests.objects import SESSION, SITE

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


def tariff(store: Store, id_: str = "T1") -> ObjectId:
    """An object that no function on the local AWS acts upon."""
    return ObjectId(store.name, ModuleID.TARIFFS, "NL", "SIM", id_)


def site(store: Store, **changes: object) -> str:
    return json.dumps(SITE | {"id": store.name} | changes)


def session(store: Store, id_: str = "S1") -> ObjectId:
    return ObjectId(store.name, ModuleID.SESSIONS, "NL", "SIM", id_)


def location(store: Store, id_: str = "L1") -> ObjectId:
    return ObjectId(store.name, ModuleID.LOCATIONS, "NL", "SIM", id_)


def partner(store: Store, **changes: Any) -> Partner:
    fields = {"id": store.name, "name": "P", "status": PartnerStatus.INVITED, "token_hash": f"{store.name}-a"}
    return Partner.model_validate(fields | {"created": NOW, "last_updated": NOW} | changes)


def test_the_newest_object_wins_whatever_the_order_of_arrival(store: Store) -> None:
    put = store.objects.put
    assert put(tariff(store), {"v": 1}, NOW) is Outcome.CREATED
    assert put(tariff(store), {"v": 2}, NOW + timedelta(seconds=1)) is Outcome.UPDATED
    assert put(tariff(store), {"v": 1}, NOW) is Outcome.IGNORED
    assert put(tariff(store), {"v": 3}, NOW + timedelta(seconds=1)) is Outcome.UPDATED
    stored = store.objects.get(tariff(store))
    assert stored
    assert (stored.parsed(), stored.last_updated) == ({"v": 3}, NOW + timedelta(seconds=1))


@pytest.mark.requirement("TYP-01")
def test_ids_are_the_same_in_any_case_and_never_mixed_up(store: Store) -> None:
    store.objects.put(tariff(store, "a*b#c"), {"v": 1}, NOW)
    assert store.objects.get(tariff(store, "A*B#C"))
    assert store.objects.get(ObjectId(store.name, ModuleID.TARIFFS, "NL", "SIM*A", "b#c")) is None


def test_changes_at_the_same_time_are_all_kept(store: Store) -> None:
    store.objects.put(tariff(store), {}, NOW)

    def change(name: str) -> None:
        store.objects.change(tariff(store), lambda document: ({**document, name: 1}, NOW))

    names = list("abcdefgh")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(change, names))
    stored = store.objects.get(tariff(store))
    assert stored
    assert sorted(stored.parsed()) == names


def test_a_token_is_rotated_at_once_or_not(store: Store) -> None:
    store.partners.add(partner(store))
    with pytest.raises(Conflict):
        store.partners.add(partner(store, token_hash="x"))
    assert store.partners.by_token_hash("x") is None
    known = store.partners.by_token_hash(f"{store.name}-a")
    assert known
    changed = store.partners.replace(known, {"token_hash": f"{store.name}-c"})
    assert store.partners.by_token_hash(f"{store.name}-a") is None
    found = store.partners.by_token_hash(f"{store.name}-c")
    assert found
    assert found.revision == changed.revision == 1
    with pytest.raises(Conflict):
        store.partners.replace(known, {"token_hash": f"{store.name}-d"})
    assert store.partners.by_token_hash(f"{store.name}-d") is None
    assert store.partners.get(store.name) in list(store.partners.all())
    store.partners.remove(changed)
    assert store.partners.get(store.name) is None
    assert store.partners.by_token_hash(f"{store.name}-c") is None


def test_a_location_belongs_to_one_site(store: Store) -> None:
    sites, place = store.sites, location(store)
    sites.put_config(store.name, site(store), place, None, None)
    with pytest.raises(Conflict):
        sites.put_config(f"{store.name}-2", site(store), place, None, None)
    assert sites.site_of(place.text) == store.name
    assert f"{store.name}-2" not in sites.ids()
    known = sites.config(store.name)
    sites.put_config(store.name, site(store, name="Two"), location(store, "L2"), known, place)
    with pytest.raises(Conflict):
        sites.put_config(store.name, site(store, name="Three"), place, known, None)
    assert sites.site_of(place.text) is None
    assert sites.site_of(location(store, "L2").text) == store.name


def test_what_goes_on_at_a_location_is_read_in_one_go(store: Store) -> None:
    sites, place = store.sites, location(store)
    sites.put_config(store.name, site(store), place, None, None)
    for id_ in ("S1", "S2"):
        sites.begin_session(place.text, session(store, id_), json.dumps(SESSION | {"id": id_}))
    state = ProfileState(refusal="REJECTED")
    assert sites.change_profile(place.text, session(store).text, lambda _: state) == state
    assert sites.change_profile(place.text, session(store).text, lambda _: None) is None
    found = sites.place(place)
    assert [document["id"] for document in found.sessions.values()] == ["S1", "S2"]
    assert found.profiles == {session(store).text: state}
    sites.end_session(place.text, session(store))
    sites.forget_profile(place.text, session(store))
    found = sites.place(place)
    assert (list(found.sessions), found.profiles) == ([session(store, "S2").text], {})


def test_the_plan_of_a_thousand_sessions_fits(store: Store) -> None:
    periods = [{"start_period": number * 900, "limit": number % 33} for number in range(40)]
    plan = {"profiles": {session(store, f"S{number}").text: periods for number in range(1000)}}
    store.sites.put_plan(store.name, plan)
    assert store.sites.plan(store.name) == plan
