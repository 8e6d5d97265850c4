"""Where partners may have results sent: their credentials token goes along, so only to themselves."""

from collections.abc import Iterator
from contextlib import suppress

from ocpi.store.partner import Partner
from ocpi.transport.addresses import AddressRefused, Origin, origin
from ocpi.transport.status import invalid


def require_own(partner: Partner, response_url: str, place: str) -> None:
    """Make sure that a response URL is at the partner that gives it, where its versions or one of its endpoints are.

    A hub puts itself into the response URLs that it passes on (decision 2). To a partner whose token we do not hold
    nothing is sent at all, so it may name any that could be called.

    Args:
        partner: who asks.
        response_url: a valid URL.
        place: what to call it in the error: a JSON Pointer, or the name of a query parameter.

    Raises:
        OcpiError: 2001 naming `place`.
    """
    try:
        asked = origin(response_url)
    except AddressRefused as error:
        raise invalid(f"{place}: {error}") from None
    if partner.sealed_token is not None and asked not in _origins(partner):
        raise invalid(f"{place}: must have the scheme, host and port of your versions or of one of your endpoints")


def _origins(partner: Partner) -> Iterator[Origin]:
    for url in (partner.versions_url, *(endpoint.url for endpoint in partner.endpoints)):
        with suppress(AddressRefused):
            yield origin(url or "")
