"""What all answers of the run have in common."""

from collections.abc import Callable

from cli.check.client import without_authorization
from cli.check.reach import EVER
from cli.check.registry import Level, Phase, check, receiver, sender
from cli.check.store import stores
from cli.check.subject import CLIENT_OWNED, LISTS, Subject
from cli.check.verdict import NotApplicable, answered


def _nothing_noted(rule: str) -> Callable[[Subject], None]:
    def run(subject: Subject) -> None:
        subject.client.send("GET", subject.versions_url, headers=without_authorization())
        _raise_noted(subject, rule)

    return run


def _raise_noted(subject: Subject, rule: str) -> None:
    if rule in subject.notes:
        raise subject.notes[rule]


for _rule, _title, _name in (
    ("TRA-10", "Every answer is JSON with status_code and timestamp", "answers_have_an_envelope"),
    ("TRA-13", "HTTP errors have an OCPI status_code, too", "errors_have_an_envelope"),
    ("TRA-41", "Every answer repeats the X-Request-ID", "request_id_is_repeated"),
    ("TRA-42", "Every answer repeats the X-Correlation-ID", "correlation_id_is_repeated"),
    ("STA-02", "No request makes the server fail", "no_server_errors"),
    ("STA-08", "No status code is of those reserved for custom use", "no_reserved_codes"),
    ("ROU-02", "Configuration modules have no routing headers", "configuration_is_not_routed"),
):
    _run = _nothing_noted(_rule)
    _run.__name__, _run.__doc__ = _name, _title
    check(_rule, phase=Phase.LOOKING_BACK)(_run)


@check("TRA-14", level=Level.SHOULD, phase=Phase.LOOKING_BACK)
def methods_are_405(subject: Subject) -> None:
    """A method that is not offered gets HTTP 405."""
    for method in ("POST", "PUT"):
        seen = subject.client.send(method, subject.versions_url)
        if seen.status == 401:
            raise NotApplicable("the token does not work any more")
        answered(seen, 405, "on versions")
    _raise_noted(subject, "TRA-14")


@check("ROU-06", *sender(*LISTS), *receiver(*CLIENT_OWNED), phase=Phase.LOOKING_BACK)
def routing_is_swapped(subject: Subject) -> None:
    """Answers of functional modules have the routing headers swapped."""
    subject.us()
    lists = [interface for interface in subject.lists() if interface.routed]
    if lists:
        subject.ask("GET", lists[0], query={"limit": 1, "date_from": EVER})
    elif subject.write:
        for store in stores(subject):
            store.stored()
    else:
        raise NotApplicable("the platform offers no list to ask for")
    _raise_noted(subject, "ROU-06")
