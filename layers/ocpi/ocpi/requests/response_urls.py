"""Where partners may have results sent: their credentials token goes along, so only to themselves."""

from urllib.parse import SplitResult, urlsplit

from ocpi.store.partner import Partner
from ocpi.transport.status import invalid

_PORTS = {"https": 443, "http": 80}

type _Origin = tuple[str, str | None, int | None]
"""Scheme, host and port."""


def require_own(partner: Partner, response_url: str, place: str) -> None:
    """Make sure that a response URL is at the partner that gives it, where its versions or one of its endpoints are.

    A hub puts itself into the response URLs that it passes on (decision 2). To a partner whose token we do not hold
    nothing is sent at all, so it may name any.

    Args:
        partner: who asks.
        response_url: a valid URL.
        place: what to call it in the error: a JSON Pointer, or the name of a query parameter.

    Raises:
        OcpiError: 2001 naming `place`.
    """
    if partner.sealed_token is None:
        return
    known = [partner.versions_url, *(endpoint.url for endpoint in partner.endpoints)]
    origin = _origin(response_url)
    if origin is None or origin not in {_origin(url) for url in known if url}:
        raise invalid(f"{place}: must have the scheme, host and port of your versions or of one of your endpoints")


def _origin(url: str) -> _Origin | None:
    """None for a URL that leads nowhere."""
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname, _port(parts)
    except ValueError:
        return None


def _port(parts: SplitResult) -> int | None:
    return _PORTS.get(parts.scheme) if parts.port is None else parts.port
