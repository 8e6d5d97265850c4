"""What the store promises: the newest wins, nothing is half written, and no change of someone else's is lost."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ocpi.clock import now
from ocpi.store import keys
from ocpi.store.histories import Histories
from ocpi.store.keys import OWN, ObjectId
from ocpi.store.leases import Lease
from ocpi.store.lists import ObjectList, Window
from ocpi.store.objects import Outcome
from ocpi.store.partner import Partner, PartnerStatus
from ocpi.store.profiles import ProfileState
from ocpi.store.table import Busy, Conflict, Table
from ocpi.types.parties import Party
from ocpi.types.versions import ModuleID
from ocpi.visits.record import Record
from ocpi.visits.visit import Arrival, Visit, driver_scope
from tests.conflicts import others_write
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


def own(store: Store, id_: str, module: ModuleID = ModuleID.TARIFFS) -> ObjectId:
    """An object of ours; the party is one of this test alone."""
    return ObjectId(OWN, module, "NL", store.name, id_)


def own_list(store: Store, module: ModuleID = ModuleID.TARIFFS, audience: str = "") -> ObjectList:
    return ObjectList.own(module, Party("NL", store.name), Party("NL", audience) if audience else None)


def own_session(store: Store, id_: str, emsp: str, second: int = 0) -> Outcome:
    token = SESSION["cdr_token"] | {"party_id": emsp}
    moment = NOW + timedelta(seconds=second)
    return store.objects.put(own(store, id_, ModuleID.SESSIONS), {"id": id_, "cdr_token": token}, moment)


def listed(store: Store, objects: ObjectList, window: Window, limit: int = 2) -> list[str]:
    """What all pages of a list show, each page after the other."""
    after, shown = "", []
    while True:
        page = store.lists.page(objects, window, after, limit)
        assert len(page.documents) <= limit
        shown += [json.loads(document)["id"] for document in page.documents]
        if page.after is None:
            return shown
        after = page.after


def totals(store: Store, *audiences: str) -> list[int]:
    lists = [own_list(store, ModuleID.SESSIONS, audience) for audience in audiences]
    return [store.lists.total(objects, Window()) for objects in lists]


def test_a_list_is_in_the_order_of_change_and_read_from_anywhere(store: Store) -> None:
    moments = [NOW + timedelta(seconds=second) for second in range(5)]
    for number, moment in enumerate(moments):
        store.objects.put(own(store, f"T{number}"), {"id": f"T{number}"}, moment)
    store.objects.put(own(store, "T1"), {"id": "T1"}, NOW + timedelta(seconds=9))
    objects, window = own_list(store), Window(moments[2], moments[4])
    assert listed(store, objects, Window()) == ["T0", "T2", "T3", "T4", "T1"]
    assert listed(store, objects, window) == ["T2", "T3"]
    assert [store.lists.total(objects, each) for each in (Window(), window)] == [5, 2]
    after = store.lists.skip(objects, Window(), 3)
    assert after
    assert [json.loads(each)["id"] for each in store.lists.page(objects, Window(), after, 9).documents] == ["T4", "T1"]
    assert store.lists.skip(objects, Window(), 6) is None


def test_a_page_ends_where_the_store_stops_reading(store: Store) -> None:
    for number in range(7):
        store.objects.put(own(store, f"T{number}"), {"id": f"T{number}", "vendor": "x" * 340_000}, NOW)
    page = store.lists.page(own_list(store), Window(), "", 100)
    assert page.after
    assert sum(map(len, page.documents)) < 2**20
    assert listed(store, own_list(store), Window(), 100) == [f"T{number}" for number in range(7)]
    after = store.lists.skip(own_list(store), Window(), 6)
    assert after
    assert len(store.lists.page(own_list(store), Window(), after, 100).documents) == 1


def test_the_counters_follow_every_change_at_once(store: Store) -> None:
    assert totals(store, "", "ABC", "XYZ") == [0, 0, 0]
    own_session(store, "S1", "ABC")
    own_session(store, "S2", "ABC")
    assert totals(store, "", "ABC", "XYZ") == [2, 2, 0]
    assert own_session(store, "S1", "ABC", 1) is Outcome.UPDATED
    assert totals(store, "", "ABC", "XYZ") == [2, 2, 0]
    own_session(store, "S1", "XYZ", 2)
    assert own_session(store, "S2", "XYZ", -1) is Outcome.IGNORED
    assert totals(store, "", "ABC", "xyz") == [2, 1, 1]
    for expected in (True, False):
        assert store.objects.delete(own(store, "S2", ModuleID.SESSIONS)) is expected
    assert totals(store, "", "ABC", "XYZ") == [1, 0, 1]
    assert listed(store, own_list(store, ModuleID.SESSIONS, "XYZ"), Window()) == ["S1"]


@pytest.mark.parametrize("store", [pytest.param("local AWS", marks=pytest.mark.e2e)], indirect=True)
def test_the_counters_are_right_when_many_write_at_once(store: Store) -> None:
    """Not on moto, which undoes what others wrote meanwhile when it cancels a transaction."""

    def write(number: int) -> None:
        own_session(store, f"S{number % 6}", "ABC" if number % 2 else "XYZ", number)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(18)))
        assert totals(store, "", "ABC", "XYZ") == [6, 3, 3]
        deleted = list(pool.map(store.objects.delete, [own(store, "S1", ModuleID.SESSIONS)] * 4))
    assert sorted(deleted) == [False, False, False, True]
    assert totals(store, "", "ABC", "XYZ") == [5, 2, 3]


def test_an_object_is_added_once(store: Store) -> None:
    assert store.objects.add(own(store, "T1"), {"id": "T1"}, NOW) is None
    stored = store.objects.add(own(store, "t1"), {"id": "other"}, NOW + timedelta(seconds=1))
    assert stored
    assert stored.parsed() == {"id": "T1"}
    assert store.lists.total(own_list(store), Window()) == 1


def test_an_object_is_added_though_others_write_the_counter(store: Store) -> None:
    with others_write("TransactWriteItems", 2) as met:
        assert store.objects.add(own(store, "T1"), {"id": "T1"}, NOW) is None
    assert len(met) == 2
    assert store.objects.get(own(store, "T1"))
    assert store.lists.total(own_list(store), Window()) == 1


def test_a_write_waits_for_a_transaction_on_its_item(store: Store) -> None:
    with others_write("PutItem", 2) as met:
        assert store.objects.put(tariff(store), {"v": 1}, NOW) is Outcome.CREATED
    assert len(met) == 2
    store.sites.begin_session(location(store).text, session(store), json.dumps(SESSION))
    with others_write("DeleteItem") as met:
        store.sites.end_session(location(store).text, session(store))
    assert met
    assert not store.sites.place(location(store)).sessions


@pytest.mark.parametrize("id_", ["T1", "t2"])
def test_what_could_not_be_written_is_never_taken_for_outdated(
    store: Store, id_: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ocpi.store.table.LONGEST_PAUSE_S", 0)
    store.objects.put(tariff(store), {"v": 1}, NOW)
    with others_write("PutItem", 100), pytest.raises(Busy):
        store.objects.put(tariff(store, id_), {"v": 2}, NOW)
    with others_write("TransactWriteItems", 100), pytest.raises(Busy):
        store.objects.add(own(store, id_), {"v": 2}, NOW)


def test_what_is_off_the_list_is_still_there_and_comes_back_with_its_next_change(store: Store) -> None:
    objects = ObjectList.of_partner(store.name, ModuleID.TARIFFS, Party("NL", "SIM"))
    for id_ in ("T1", "T2"):
        store.objects.put(tariff(store, id_), {"id": id_}, NOW)
    for _ in range(2):
        store.objects.unlist(tariff(store, "T1"), now())
    assert listed(store, objects, Window()) == ["T2"]
    known = store.objects.get(tariff(store, "T1"))
    assert known
    assert not known.listed
    assert store.objects.put(tariff(store, "T1"), {"id": "T1"}, NOW) is Outcome.UPDATED
    assert listed(store, objects, Window()) == ["T1", "T2"]


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
    store.sites.keep_outcome(store.name, "run", json.dumps({"plan": plan}).encode(), NOW)
    lease = store.sites.leases.take(store.name, "session", 0, 0, 60, replans=True)
    assert isinstance(lease, Lease)
    store.sites.put_plan(lease, "run")
    assert store.sites.plan(store.name) == plan


def test_what_cannot_be_read_is_there_all_the_same(store: Store) -> None:
    sites, place = store.sites, location(store)
    sites.begin_session(place.text, session(store, "S1"), "no JSON")
    for id_ in ("S2", "S3"):
        sites.begin_session(place.text, session(store, id_), json.dumps(SESSION | {"id": id_}))
    Table(store.sites_table).put(
        keys.session_profile(place.text, session(store, "S2").text), {"document": '{"pending": 1}', "revision": "x"}
    )
    found = sites.place(place)
    first, second, third = (found.sessions[session(store, id_).text] for id_ in ("S1", "S2", "S3"))
    assert (first, third["id"]) == ({}, "S3")
    assert second == {"evse_uid": "E1", "connector_id": "1"}, "where it is"
    assert not found.profiles


def test_what_was_learned_is_read_by_scope(store: Store) -> None:
    histories = Histories(store.sites_table)
    Table(store.sites_table).put(keys.learned(store.name, "site"), {"document": '{"n": 1}'})
    wanted = ["site", *(f"evse:{number}" for number in range(120))]
    assert histories.learned(store.name, wanted) == {"site": {"n": 1}}


def visit(store: Store, hour: int) -> Visit:
    """One of two hours at an EVSE of that site."""
    at = NOW + timedelta(hours=hour)
    driver = driver_scope(store.name, "NL", "TNM", "uid")
    return Visit(Arrival(at=at, evse_uid="E1", driver=driver), at + timedelta(hours=2), 10.0)


def test_a_visit_is_learned_once(store: Store) -> None:
    histories, first = Histories(store.sites_table), visit(store, 0)
    assert not histories.visited(session(store).text)
    assert histories.learn(store.name, session(store).text, first, UTC, NOW)
    assert not histories.learn(store.name, session(store).text, first, UTC, NOW)
    assert histories.visited(session(store).text)
    assert histories.learn(store.name, session(store, "S2").text, visit(store, 1), UTC, NOW)
    learned = Histories(store.sites_table).learned(store.name, first.arrival.scopes)
    assert [round(sum(Record.model_validate(each).energies.values())) for each in learned.values()] == [2, 2, 2]


@pytest.mark.usefixtures("at_once")
def test_visits_that_end_at_the_same_moment_are_all_learned(store: Store) -> None:
    histories = Histories(store.sites_table)

    def learn(number: int) -> bool:
        return histories.learn(store.name, session(store, f"S{number // 2}").text, visit(store, 0), UTC, NOW)

    with ThreadPoolExecutor(4) as threads:
        new = list(threads.map(learn, range(8)))
    assert sum(new) == 4
    (site_,) = Histories(store.sites_table).learned(store.name, ["site"]).values()
    assert Record.model_validate(site_).energies == {26: 4}


def test_what_was_learned_and_cannot_be_read_is_learned_anew(store: Store) -> None:
    broken = {"document": '{"since": 1}', "revision": "x"}
    Table(store.sites_table).put(keys.learned(store.name, "site"), broken)
    assert Histories(store.sites_table).learn(store.name, session(store).text, visit(store, 0), UTC, NOW)
    assert Record.model_validate(Histories(store.sites_table).learned(store.name, ["site"])["site"]).energies == {26: 1}
