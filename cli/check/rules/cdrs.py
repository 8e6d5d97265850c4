"""CDRs posted to the platform."""

from cli.check import samples
from cli.check.exchange import Exchange
from cli.check.registry import check, receiver
from cli.check.samples import Document
from cli.check.store import differs, offered_method
from cli.check.subject import Interface, Subject
from cli.check.verdict import answered, expect, refused, succeeded

CDRS = receiver("cdrs")


def _interface(subject: Subject) -> Interface:
    return subject.interface("cdrs", "RECEIVER")


def _post(subject: Subject, document: Document) -> Exchange:
    return subject.ask("POST", _interface(subject), body=document)


def _at(subject: Subject, url: str) -> Exchange:
    routing = subject.routing(_interface(subject)).headers()
    return subject.client.send("GET", url, headers=routing, routed=True)


def _posted(subject: Subject, document: Document) -> str:
    """The URL of a CDR that was posted."""
    seen = _post(subject, document)
    succeeded(seen)
    url = seen.headers.get("Location", "")
    expect(url.startswith("http"), "an absolute URL in the header Location", f"{url!r} on {seen}")
    return url


@check("CDR-03", *CDRS, writes=True)
def cdr_is_created(subject: Subject) -> None:
    """POST creates a CDR, and an incomplete one is refused."""
    seen = _post(subject, samples.cdr(subject))
    answered(seen, 201)
    succeeded(seen)
    refused(_post(subject, samples.cdr(subject, total_cost=None)), 2001, "without total_cost")
    refused(_post(subject, samples.cdr(subject, charging_periods=[])), 2001, "without charging_periods")


@check("CDR-04", *CDRS, writes=True)
def cdr_has_a_url(subject: Subject) -> None:
    """The answer to POST names the URL of the CDR."""
    _posted(subject, samples.cdr(subject))


@check("CDR-05", *CDRS, writes=True)
def cdr_is_read(subject: Subject) -> None:
    """The CDR can be read at that URL."""
    document = samples.cdr(subject)
    seen = _at(subject, _posted(subject, document))
    difference = differs(document, succeeded(seen))
    expect(difference is None, "the CDR as it was sent", f"{difference} in {seen}")


@check("CDR-06", *CDRS, writes=True)
def cdrs_are_final(subject: Subject) -> None:
    """CDRs cannot be put, patched or deleted."""
    document = samples.cdr(subject)
    url = _posted(subject, document)
    routing = subject.routing(_interface(subject)).headers()
    for method in ("PUT", "PATCH", "DELETE"):
        body = None if method == "DELETE" else document
        offered_method(subject, subject.client.send(method, url, body=body, headers=routing, routed=True))
    succeeded(_at(subject, url), "the CDR as before")


@check("CDR-07", *CDRS, writes=True)
def cdr_does_not_change(subject: Subject) -> None:
    """A CDR that is posted again stays as it is."""
    document = samples.cdr(subject)
    url = _posted(subject, document)
    for again in (document, document | {"total_energy": 99.5}):
        _post(subject, again)
        seen = _at(subject, url)
        difference = differs(document, succeeded(seen))
        expect(difference is None, "the CDR as it was sent first", f"{difference} in {seen}")


@check("CDR-11", *CDRS, writes=True)
def credit_needs_a_reference(subject: Subject) -> None:
    """A credit CDR without the id of the original is refused."""
    refused(_post(subject, samples.cdr(subject, credit=True)), 2001, "credit without credit_reference_id")


@check("CDR-12", *CDRS, writes=True)
def cdr_id_is_short(subject: Subject) -> None:
    """An id of more than 39 characters is refused."""
    refused(_post(subject, samples.cdr(subject, id=subject.new_id().ljust(40, "X"))), 2001, "an id of 40 characters")
