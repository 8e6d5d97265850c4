"""Finds the platform behind a URL, or says in one line why there is none to check."""

from contextlib import suppress
from urllib.parse import urlsplit

from cli.check.client import Client, NoAnswer
from cli.check.exchange import Exchange, printable
from cli.check.subject import LISTS, Subject, address

EVER = "2000-01-01T00:00:00Z"


class CannotRun(Exception):
    """There is nothing to check; the message says why and what to do."""


def reach(client: Client, url: str) -> Subject:
    """The platform whose versions endpoint is `url`.

    Raises:
        CannotRun: there is no OCPI versions endpoint, or the token is refused.
    """
    if not _is_web_address(url):
        raise CannotRun(f"{printable(url)!r} is no http(s) URL; give the URL of the platform's versions endpoint")
    subject = Subject(client, _ask(client, url))
    _require_versions(client, subject.versions)
    try:
        subject.look_closer()
        subject.invited = subject.credentials is not None and not _opens_modules(subject)
    except NoAnswer as error:
        raise CannotRun(str(error)) from None
    return subject


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _ask(client: Client, url: str) -> Exchange:
    try:
        return client.send("GET", url)
    except NoAnswer as error:
        raise CannotRun(f"{error}; is the URL right, and is the platform up?") from None


def _require_versions(client: Client, seen: Exchange) -> None:
    if isinstance(seen.data, list) and seen.ok:
        return
    if seen.status == 401:
        raise CannotRun(
            f"the token is refused: {seen}; it must be one that the platform gave out, as it is (not in Base64), "
            "and neither used up (a CREDENTIALS_TOKEN_A opens one registration) nor replaced since"
        )
    if 300 <= seen.status < 400:
        target = seen.headers.get("Location")
        raise CannotRun(f"{seen.url} redirects to {printable(target or 'nowhere')}; give the URL it leads to")
    raise CannotRun(f"this is no versions endpoint: {_described(seen)}{_hint(client, seen.url)}")


def _described(seen: Exchange) -> str:
    if isinstance(seen.data, dict) and "endpoints" in seen.data:
        return f"{printable(seen.url)} gives version details; give the URL of the list of versions"
    if "html" in seen.headers.get("Content-Type", ""):
        return f"{printable(seen.url)} answers HTTP {seen.status} with a web page"
    return str(seen)


def _hint(client: Client, url: str) -> str:
    """Where else the versions may be: places that are usual are tried."""
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    parent = url.rstrip("/").rpartition("/")[0]
    for place in dict.fromkeys(
        [address(url, "versions"), f"{parent}/versions", f"{origin}/ocpi/versions", f"{origin}/versions"]
    ):
        with suppress(NoAnswer):
            if isinstance(client.send("GET", place).data, list):
                return f"; {printable(place)} is one"
    return ""


def _opens_modules(subject: Subject) -> bool:
    """Whether the token is a registered partner's: a CREDENTIALS_TOKEN_A gets 401 on every module (TRA-06)."""
    lists = [i for i in subject.interfaces if i.role == "SENDER" and i.module in LISTS]
    others = [i for i in subject.interfaces if i.role == "RECEIVER" and i.module not in ("credentials", "commands")]
    if lists:
        return subject.ask("GET", lists[0], query={"limit": 1, "date_from": EVER}).status != 401
    if others:
        return subject.ask("GET", others[0], "XX", "CHK", "CHK-UNKNOWN").status != 401
    return True
