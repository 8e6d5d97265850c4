"""Tariffs pushed to the platform."""

from cli.check.registry import check, receiver
from cli.check.samples import moment
from cli.check.store import Store, offered_method
from cli.check.subject import Subject
from cli.check.verdict import answered, refused, succeeded

TARIFFS = receiver("tariffs")


def _store(subject: Subject) -> Store:
    return Store(subject, "tariffs")


@check("TAR-03", *TARIFFS, writes=True)
def tariff_is_read(subject: Subject) -> None:
    """A Tariff can be read back."""
    store = _store(subject)
    store.holds(store.stored())


@check("TAR-04", *TARIFFS, writes=True)
def tariff_is_stored(subject: Subject) -> None:
    """PUT replaces a Tariff, and the party in URL and body must agree."""
    store = _store(subject)
    document = store.stored()
    later = document | {"currency": "SEK", "last_updated": moment(1)}
    succeeded(store.put(later))
    store.holds(later)
    refused(store.ask("PUT", document, body=document | {"party_id": "ZZZ", "last_updated": moment(2)}))


@check("TAR-05", *TARIFFS, writes=True)
def tariff_is_deleted(subject: Subject) -> None:
    """A deleted Tariff is gone."""
    store = _store(subject)
    document = store.stored()
    succeeded(store.ask("DELETE", document))
    answered(store.ask("GET", document), 404, "after DELETE")


@check("TAR-06", *TARIFFS, writes=True)
def tariffs_are_put_only(subject: Subject) -> None:
    """Tariffs cannot be patched or posted."""
    store = _store(subject)
    document = store.stored()
    offered_method(subject, store.patch(document, {"currency": "SEK", "last_updated": moment(1)}))
    offered_method(subject, store.ask("POST", document, body=document))
    store.holds(document)
