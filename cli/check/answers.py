"""What every answer must look like, whatever was asked; looked at as the answers come in."""

from collections.abc import Callable, Mapping

from cli.check.exchange import Exchange
from cli.check.verdict import Unmet
from ocpi.transport.headers import (
    CORRELATION_ID,
    FROM_COUNTRY,
    FROM_PARTY,
    REQUEST_ID,
    TO_COUNTRY,
    TO_PARTY,
)
from ocpi.types.primitives import parse_datetime, same

_ROUTING = (FROM_COUNTRY, FROM_PARTY, TO_COUNTRY, TO_PARTY)
_SWAPPED = {FROM_COUNTRY: TO_COUNTRY, FROM_PARTY: TO_PARTY, TO_COUNTRY: FROM_COUNTRY, TO_PARTY: FROM_PARTY}


def look(exchange: Exchange) -> dict[str, Unmet]:
    """What is wrong with an answer, by the id of the rule."""
    found = {rule: wrong(exchange) for rule, wrong in _RULES.items()}
    return {rule: Unmet(expected, exchange) for rule, expected in found.items() if expected}


def _no_envelope(exchange: Exchange) -> str | None:
    if "application/json" not in exchange.headers.get("Content-Type", "").lower():
        return "Content-Type application/json"
    code = exchange.code
    if code is None or not 1000 <= code <= 4999:
        return "a four-digit status_code in the answer"
    return None if _is_datetime(exchange.envelope.get("timestamp")) else "a DateTime in timestamp"


def _no_envelope_on_error(exchange: Exchange) -> str | None:
    if exchange.status < 400:
        return None
    matches = exchange.code is not None and exchange.code >= 2000
    return None if matches else "an OCPI status_code of 2000 or higher along with the HTTP error"


def _no_server_error(exchange: Exchange) -> str | None:
    return f"no HTTP {exchange.status}" if exchange.status >= 500 else None


def _id_not_repeated(name: str) -> Callable[[Exchange], str | None]:
    def wrong(exchange: Exchange) -> str | None:
        sent, got = _header(exchange.sent, name), exchange.headers.get(name)
        if sent is None or sent == got:
            return None
        return f"the header {name} {sent!r} repeated, not {got!r}"

    return wrong


def _reserved_code(exchange: Exchange) -> str | None:
    return "no code of those reserved for custom use (x9xx)" if (exchange.code or 0) // 100 % 10 == 9 else None


def _routing_on_configuration(exchange: Exchange) -> str | None:
    present = [name for name in _ROUTING if name in exchange.headers]
    return f"no header {present[0]} on a configuration module" if present and not exchange.routed else None


def _routing_not_swapped(exchange: Exchange) -> str | None:
    if not exchange.routed or not exchange.ok or not all(_header(exchange.sent, name) for name in _ROUTING):
        return None
    for name in _ROUTING:
        wanted = _header(exchange.sent, _SWAPPED[name]) or ""
        if not same(wanted, exchange.headers.get(name, "")):
            return f"the header {name}: {wanted}, not {exchange.headers.get(name)!r}"
    return None


def _header(headers: Mapping[str, str], name: str) -> str | None:
    return next((value for known, value in headers.items() if same(known, name)), None)


def _is_datetime(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(parse_datetime(value))
    except ValueError:
        return False


_RULES: dict[str, Callable[[Exchange], str | None]] = {
    "TRA-10": _no_envelope,
    "TRA-13": _no_envelope_on_error,
    "TRA-41": _id_not_repeated(REQUEST_ID),
    "TRA-42": _id_not_repeated(CORRELATION_ID),
    "STA-02": _no_server_error,
    "STA-08": _reserved_code,
    "ROU-02": _routing_on_configuration,
    "ROU-06": _routing_not_swapped,
}
