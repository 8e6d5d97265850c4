"""Client owned objects on Receiver interfaces: putting, patching and reading them, and whether they came back whole."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from cli.check.exchange import Exchange
from cli.check.samples import SAMPLES, Document, moment
from cli.check.subject import CLIENT_OWNED, Subject
from cli.check.verdict import NotApplicable, Unmet, expect, succeeded
from ocpi.types.primitives import parse_datetime


class Store:
    """The Receiver interface of one module."""

    def __init__(self, subject: Subject, module: str) -> None:
        self.module = module
        self._subject = subject
        self._interface = subject.interface(module, "RECEIVER")

    def sample(self, **fields: object) -> Document:
        """A new object of ours."""
        return SAMPLES[self.module](self._subject, **fields)

    def ask(self, method: str, document: Document, *inner: str, **more: Any) -> Exchange:
        """Send a request about an object of ours, or about something inside it; what is taken is to be cleared away."""
        id_ = str(document.get("uid") or document["id"])
        owner = self._subject.us()
        segments = (owner.country_code, owner.party_id, id_, *inner)
        seen = self._subject.ask(method, self._interface, *segments, **more)
        if method == "PUT" and not inner and seen.ok:
            self._subject.written[self.module, id_] = document
        return seen

    def put(self, document: Document) -> Exchange:
        """PUT an object."""
        return self.ask("PUT", document, body=document)

    def put_as(self, country_code: str, party_id: str, document: Document) -> Exchange:
        """PUT an object of some party."""
        id_ = str(document.get("uid") or document["id"])
        return self._subject.ask("PUT", self._interface, country_code, party_id, id_, body=document)

    def stored(self, **fields: object) -> Document:
        """A new object of ours that has been stored."""
        document = self.sample(**fields)
        succeeded(self.put(document), "to store an object")
        return document

    def patch(self, document: Document, fields: Document) -> Exchange:
        """PATCH an object."""
        return self.ask("PATCH", document, body=fields)

    def read(self, document: Document, *inner: str) -> Any:
        """The object, or something inside it, as the platform has it."""
        return succeeded(self.ask("GET", document, *inner))

    def holds(self, document: Document, *inner: str, wanted: Document | None = None) -> None:
        """The platform must have the object as it is here, or `wanted` inside it."""
        seen = self.ask("GET", document, *inner)
        succeeded(seen)
        difference = differs(wanted or document, seen.data)
        if difference:
            raise Unmet("the object as it was sent", f"{difference} in {seen}")


def clear_away(subject: Subject) -> None:
    """Undo what can be undone: delete our Tariffs, end our Sessions, remove our EVSEs. Tokens were never valid."""
    for (module, _), document in list(subject.written.items()):
        later = {"last_updated": moment(59)}
        store = Store(subject, module)
        if module == "tariffs":
            store.ask("DELETE", document)
        if module == "sessions":
            store.ask("PUT", document, body=document | later | {"status": "INVALID"})
        if module == "locations":
            gone = [evse | later | {"status": "REMOVED"} for evse in document["evses"]]
            store.ask("PUT", document, body=document | later | {"evses": gone})
    subject.written.clear()


def stores(subject: Subject, *modules: str) -> Iterator[Store]:
    """The Receiver interfaces of client owned objects that the platform offers."""
    offered = [module for module in modules or CLIENT_OWNED if subject.offers(module, "RECEIVER")]
    if not offered:
        raise NotApplicable("the platform stores no objects of others")
    return (Store(subject, module) for module in offered)


def differs(sent: object, got: object, at: str = "") -> str | None:
    """Where `got` lacks something of `sent`, or has it otherwise; None if it does not.

    Times are compared as moments, null and absence are the same.
    """
    if isinstance(sent, dict) and isinstance(got, dict):
        found = (differs(value, got.get(name), f"{at}/{name}") for name, value in sent.items())
        return next((difference for difference in found if difference), None)
    if isinstance(sent, list) and isinstance(got, list) and len(sent) == len(got):
        found = (differs(*pair, f"{at}/{index}") for index, pair in enumerate(zip(sent, got, strict=True)))
        return next((difference for difference in found if difference), None)
    return None if _same(sent, got) else f"{at}: {str(got)[:80]!r}"


def offered_method(subject: Subject, seen: Exchange) -> None:
    """A method that is not part of an interface must have no success; HTTP 405 is best (TRA-14)."""
    expect(not seen.ok, f"no success for {seen.method}", seen)
    if seen.status != 405:
        subject.note("TRA-14", Unmet("HTTP 405", seen))


def _same(sent: object, got: object) -> bool:
    if isinstance(sent, str) and isinstance(got, str):
        return sent == got or same_moment(sent, got)
    if isinstance(sent, bool) or isinstance(got, bool):
        return sent is got
    if isinstance(sent, int | float) and isinstance(got, int | float | Decimal):
        return Decimal(str(sent)) == Decimal(str(got))
    return sent == got


def same_moment(left: str, right: str) -> bool:
    """Whether two texts are DateTimes of the same moment."""
    try:
        return parse_datetime(left) == parse_datetime(right)
    except ValueError:
        return False
