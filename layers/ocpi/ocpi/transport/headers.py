"""Header names, message ids and message routing headers (transport_and_format.asciidoc, TRA-41, ROU-01 to ROU-07)."""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Self
from uuid import uuid4

from ocpi.transport.status import invalid
from ocpi.types.parties import Party

AUTHORIZATION = "Authorization"
REQUEST_ID = "X-Request-ID"
CORRELATION_ID = "X-Correlation-ID"
FROM_COUNTRY = "OCPI-from-country-code"
FROM_PARTY = "OCPI-from-party-id"
TO_COUNTRY = "OCPI-to-country-code"
TO_PARTY = "OCPI-to-party-id"

MAX_ID_LENGTH = 128
"""Ids are UUIDs by the specification (TRA-43); longer ones than this are cut, so that logs stay bounded."""

correlation: ContextVar[str | None] = ContextVar("correlation", default=None)
"""The correlation id of the request that is being served: what we ask of others because of it carries the same."""


@dataclass(frozen=True)
class MessageIds:
    """The two ids every message carries; missing ones are made (decision 34)."""

    request_id: str
    correlation_id: str

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Self:
        """The ids of a request, whose answer repeats them."""
        request_id = _clean(headers.get(REQUEST_ID)) or str(uuid4())
        return cls(request_id, _clean(headers.get(CORRELATION_ID)) or request_id)

    @classmethod
    def new(cls, correlation_id: str | None = None) -> Self:
        """Ids for a request of ours: its own, and that of the chain of requests that it continues, if any."""
        request_id = str(uuid4())
        return cls(request_id, correlation_id or request_id)

    def headers(self) -> dict[str, str]:
        """As headers."""
        return {REQUEST_ID: self.request_id, CORRELATION_ID: self.correlation_id}


def _clean(value: str | None) -> str:
    return "".join(c for c in value or "" if " " < c <= "~")[:MAX_ID_LENGTH]


@dataclass(frozen=True)
class Routing:
    """Who sends a message to whom; either may be absent between platforms of one party each (ROU-04)."""

    sender: Party | None
    receiver: Party | None

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Self:
        """The routing headers of a request.

        Raises:
            OcpiError: 2001 for a malformed or a lone header (ROU-03).
        """
        return cls(_party(headers, FROM_COUNTRY, FROM_PARTY), _party(headers, TO_COUNTRY, TO_PARTY))

    def answer(self) -> "Routing":
        """The routing of the answer: swapped (ROU-06)."""
        return Routing(self.receiver, self.sender)

    def headers(self) -> dict[str, str]:
        """As headers."""
        headers: dict[str, str] = {}
        if self.sender:
            headers |= {FROM_COUNTRY: self.sender.country_code, FROM_PARTY: self.sender.party_id}
        if self.receiver:
            headers |= {TO_COUNTRY: self.receiver.country_code, TO_PARTY: self.receiver.party_id}
        return headers


def _party(headers: Mapping[str, str], country_header: str, party_header: str) -> Party | None:
    if country_header not in headers and party_header not in headers:
        return None
    return Party(_header(headers, country_header, 2), _header(headers, party_header, 3))


def _header(headers: Mapping[str, str], name: str, longest: int) -> str:
    value = headers.get(name, "")
    if not 0 < len(value) <= longest or not value.isascii() or not value.isprintable():
        raise invalid(f"header {name}: must be 1 to {longest} printable ASCII characters")
    return value
