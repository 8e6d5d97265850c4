"""Sessions pushed to the platform, and preferences for its own."""

from cli.check.registry import check, receiver, sender
from cli.check.samples import moment, period
from cli.check.store import Store, offered_method
from cli.check.subject import Subject
from cli.check.verdict import expect, refused, succeeded

SESSIONS = receiver("sessions")


def _store(subject: Subject) -> Store:
    return Store(subject, "sessions")


@check("SES-10", *SESSIONS, writes=True)
def session_is_read(subject: Subject) -> None:
    """A Session can be read back."""
    store = _store(subject)
    store.holds(store.stored())


@check("SES-11", *SESSIONS, writes=True)
def session_is_stored(subject: Subject) -> None:
    """PUT replaces a Session, and the party in URL and body must agree."""
    store = _store(subject)
    document = store.stored()
    later = document | {"kwh": 2.5, "last_updated": moment(1)}
    succeeded(store.put(later))
    store.holds(later)
    refused(store.ask("PUT", document, body=document | {"party_id": "ZZZ", "last_updated": moment(2)}))


@check("SES-12", *SESSIONS, writes=True)
def put_replaces_periods(subject: Subject) -> None:
    """PUT replaces all charging periods."""
    store = _store(subject)
    document = store.stored(charging_periods=[period(0, 1.0), period(5, 0.5)])
    for minute, periods in ((1, [period(0, 1.5)]), (2, [])):
        later = document | {"charging_periods": periods, "last_updated": moment(minute)}
        succeeded(store.put(later))
        _has_periods(store, document, len(periods))


@check("SES-13", *SESSIONS, writes=True)
def session_patch_merges(subject: Subject) -> None:
    """PATCH changes the given fields, and needs last_updated."""
    store = _store(subject)
    document = store.stored()
    change = {"kwh": 3.5, "last_updated": moment(1)}
    succeeded(store.patch(document, change))
    store.holds(document | change)
    refused(store.patch(document, {"kwh": 9}))
    store.holds(document | change)


@check("SES-14", *SESSIONS, writes=True)
def patch_appends_periods(subject: Subject) -> None:
    """PATCH appends charging periods."""
    store = _store(subject)
    document = store.stored()
    succeeded(store.patch(document, {"charging_periods": [period(5, 1.0)], "last_updated": moment(1)}))
    _has_periods(store, document, 2)


@check("SES-15", *SESSIONS, writes=True)
def patch_leaves_periods(subject: Subject) -> None:
    """PATCH without charging periods leaves them."""
    store = _store(subject)
    document = store.stored()
    succeeded(store.patch(document, {"kwh": 2.0, "last_updated": moment(1)}))
    succeeded(store.patch(document, {"charging_periods": [], "last_updated": moment(2)}))
    _has_periods(store, document, 1)


@check("SES-16", *SESSIONS, writes=True)
def no_inner_patch(subject: Subject) -> None:
    """A Session can only be patched whole."""
    store = _store(subject)
    document = store.stored()
    change = {"kwh": 9, "last_updated": moment(1)}
    seen = store.ask("PATCH", document, "charging_periods", body=change)
    expect(not seen.ok, "no success for a PATCH of something inside a Session", seen)


@check("SES-18", *SESSIONS, writes=True)
def sessions_stay(subject: Subject) -> None:
    """Sessions cannot be deleted or posted."""
    store = _store(subject)
    document = store.stored()
    offered_method(subject, store.ask("DELETE", document))
    offered_method(subject, store.ask("POST", document, body=document))
    store.holds(document)


@check("SES-03", *sender("sessions"), writes=True)
def preferences_need_a_session(subject: Subject) -> None:
    """Preferences for an unknown Session are not accepted."""
    sessions = subject.interface("sessions", "SENDER")
    wish = {"profile_type": "GREEN"}
    seen = subject.ask("PUT", sessions, subject.new_id(), "charging_preferences", body=wish)
    expect(seen.data != "ACCEPTED" and not seen.ok, "no success", seen)


def _has_periods(store: Store, document: dict[str, object], count: int) -> None:
    seen = store.ask("GET", document)
    periods = succeeded(seen).get("charging_periods") or []
    expect(len(periods) == count, f"{count} charging periods", f"{len(periods)} in {seen}")
