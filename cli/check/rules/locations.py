"""Locations pushed to the platform: whole, or an EVSE or connector of one."""

from cli.check import samples
from cli.check.registry import Level, check, receiver
from cli.check.samples import moment
from cli.check.store import Store, offered_method, same_moment
from cli.check.subject import Subject
from cli.check.verdict import expect, refused, succeeded

LOCATIONS = receiver("locations")


def _store(subject: Subject) -> Store:
    return Store(subject, "locations")


def _moved(store: Store, document: samples.Document, to: str, *inner: str) -> None:
    """The object, or the EVSE in it, must have been changed `to` that moment."""
    seen = store.ask("GET", document, *inner)
    got = succeeded(seen).get("last_updated")
    what = "EVSE" if inner else "Location"
    expect(same_moment(to, str(got)), f"last_updated {to} in the {what}", seen)


@check("LOC-07", *LOCATIONS, writes=True)
def location_is_stored(subject: Subject) -> None:
    """PUT stores a Location, and the party in URL and body must agree."""
    store = _store(subject)
    document = store.stored()
    store.holds(document)
    refused(store.ask("PUT", document, body=document | {"party_id": "ZZZ", "last_updated": moment(1)}))


@check("LOC-06", *LOCATIONS, writes=True)
def location_parts_are_read(subject: Subject) -> None:
    """A Location, its EVSEs and connectors can be read back."""
    store = _store(subject)
    document = store.stored()
    (evse,) = document["evses"]
    store.holds(document)
    store.holds(document, evse["uid"], wanted=evse)
    store.holds(document, evse["uid"], "1", wanted=evse["connectors"][0])


@check("LOC-08", *LOCATIONS, writes=True)
def evse_is_added(subject: Subject) -> None:
    """PUT of an EVSE adds it, and the Location moves on."""
    store = _store(subject)
    document = store.stored()
    evse = samples.evse(subject.new_id(), last_updated=moment(1))
    succeeded(store.ask("PUT", document, evse["uid"], body=evse))
    store.holds(document, evse["uid"], wanted=evse)
    store.holds(document, document["evses"][0]["uid"], wanted=document["evses"][0])
    _moved(store, document, moment(1))


@check("LOC-09", *LOCATIONS, writes=True)
def connector_is_added(subject: Subject) -> None:
    """PUT of a connector adds it, and EVSE and Location move on."""
    store = _store(subject)
    document = store.stored()
    uid = document["evses"][0]["uid"]
    connector = samples.connector("2", last_updated=moment(1))
    succeeded(store.ask("PUT", document, uid, "2", body=connector))
    store.holds(document, uid, "2", wanted=connector)
    _moved(store, document, moment(1), uid)
    _moved(store, document, moment(1))


@check("LOC-11", *LOCATIONS, writes=True)
def location_patch_changes_little(subject: Subject) -> None:
    """PATCH changes only the given fields of a Location, EVSE or connector."""
    store = _store(subject)
    document = store.stored()
    evse = document["evses"][0]
    connector = evse["connectors"][0]
    for inner, whole, change in (
        ((), document, {"name": "changed"}),
        ((evse["uid"],), evse, {"status": "CHARGING"}),
        ((evse["uid"], "1"), connector, {"max_amperage": 32}),
    ):
        later = change | {"last_updated": moment(1 + len(inner))}
        succeeded(store.ask("PATCH", document, *inner, body=later))
        kept = {name: value for name, value in whole.items() if name not in ("evses", "connectors")}
        store.holds(document, *inner, wanted=kept | later)


@check("LOC-12", *LOCATIONS, writes=True)
def location_patch_needs_last_updated(subject: Subject) -> None:
    """PATCH without last_updated is refused, and changes nothing."""
    store = _store(subject)
    document = store.stored()
    refused(store.patch(document, {"name": "changed"}))
    refused(store.ask("PATCH", document, document["evses"][0]["uid"], body={"status": "CHARGING"}))
    store.holds(document)


@check("LOC-13", *LOCATIONS, writes=True)
def location_patch_moves_parents(subject: Subject) -> None:
    """PATCH of an EVSE or connector moves what it is part of."""
    store = _store(subject)
    document = store.stored()
    uid = document["evses"][0]["uid"]
    change = {"max_amperage": 32, "last_updated": moment(1)}
    succeeded(store.ask("PATCH", document, uid, "1", body=change))
    _moved(store, document, moment(1), uid)
    _moved(store, document, moment(1))
    succeeded(store.ask("PATCH", document, uid, body={"status": "CHARGING", "last_updated": moment(2)}))
    _moved(store, document, moment(2))


@check("LOC-14", *LOCATIONS, writes=True)
def locations_stay(subject: Subject) -> None:
    """Locations cannot be deleted or posted."""
    store = _store(subject)
    document = store.stored()
    offered_method(subject, store.ask("DELETE", document))
    offered_method(subject, store.ask("POST", document, body=document))
    store.holds(document)


@check("LOC-18", *LOCATIONS, writes=True)
def removed_evse_stays(subject: Subject) -> None:
    """A removed EVSE can still be read."""
    store = _store(subject)
    document = store.stored()
    evse = document["evses"][0]
    gone = {"status": "REMOVED", "last_updated": moment(1)}
    succeeded(store.ask("PATCH", document, evse["uid"], body=gone))
    store.holds(document, evse["uid"], wanted={"uid": evse["uid"], "status": "REMOVED"})


@check("CRE-27", *LOCATIONS, level=Level.MAY, writes=True)
def evse_of_another_operator(subject: Subject) -> None:
    """An EVSE with the id of another operator is taken."""
    store = _store(subject)
    store.stored(evses=[samples.evse(subject.new_id(), evse_id="DE*ZZZ*E1")])


@check("LOC-28", *LOCATIONS, writes=True)
def time_zone_must_exist(subject: Subject) -> None:
    """A time zone that does not exist is refused."""
    refused(_store(subject).put(_store(subject).sample(time_zone="Mars/Olympus_Mons")))


@check("LOC-30", *LOCATIONS, writes=True)
def coordinates_must_be_exact(subject: Subject) -> None:
    """Coordinates with too few decimals are refused."""
    refused(_store(subject).put(_store(subject).sample(coordinates={"latitude": "52.1", "longitude": "5.1"})))
