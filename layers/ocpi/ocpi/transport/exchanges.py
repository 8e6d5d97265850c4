"""The exchange log: each OCPI request with its answer, a partner's or ours, is one line of the function's log.

It is what `ocpi trace` finds again. The line is written at the level INFO, so a higher LOG_LEVEL means no exchange log.
Headers are not in it, and what opens doors or names drivers is masked: tokens of all kinds, response URLs, contracts.
"""

import logging
import os
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from urllib.parse import parse_qsl, unquote

import orjson

from ocpi.logs import logger
from ocpi.transport.headers import MessageIds, Routing
from ocpi.types.commands import CommandType
from ocpi.types.versions import ModuleID

BODY_BYTES = int(os.environ.get("EXCHANGE_BODY_BYTES", "2000"))
"""How much is kept of a request body, and of an answer; 0 is nothing."""

READ_BYTES = 8_192
"""Of a larger body only the size is told; it is read only if there is a message, which may quote it."""

MESSAGE_CHARACTERS = 500
"""How much is kept of a status message, or of what went wrong."""

MAX_DEPTH = 32
"""What is nested deeper is masked, whatever it is."""

MASK = "***"

_HIDDEN = {
    "auth_id",
    "authorization",
    "contract_id",
    "group_id",
    "password",
    "plain_data",
    "response_url",
    "secret",
    "signed_data",
    "uid",
    "visual_number",
}
"""Fields that are masked, as are all that have `token` in their name. Signed meter data holds the uid of the token."""

_ENDING = {"contract_id", "uid", "visual_number"}
"""Fields of which the end is shown, if they are long enough: operators have to tell one card from another."""

_SHOWN_CHARACTERS = 3
_SHOWN_FROM_LENGTH = 8

_QUOTED_FROM_LENGTH = 4
"""What is masked is masked in messages as well that quote it; what is shorter would be found in every word."""

_OPEN_MODULES = frozenset({ModuleID.CDRS, ModuleID.LOCATIONS, ModuleID.SESSIONS, ModuleID.TARIFFS})
"""Modules with nothing secret in the URLs of their objects."""

_PARAMETERS = frozenset({"date_from", "date_to", "duration", "limit", "offset", "type"})
"""Parameters of OCPI that tell nothing; others are response URLs, or some partner's own keys."""

_WORD = re.compile(rf"[a-z]+|{'|'.join(CommandType)}|\d\.\d(\.\d)?")
"""Parts of a URL that tell nothing, such as `results` or `2.2.1`."""

type _Parsed = dict[str, _Parsed] | list[_Parsed] | str | float | bool | None


class Direction(StrEnum):
    """Who asks whom."""

    IN = "IN"
    """A partner asks us."""
    OUT = "OUT"
    """We ask a partner."""


@dataclass
class Exchange:
    """One request and its answer, while it goes on; what is known of it is filled in on the way.

    Attributes:
        url: where it goes, as it may be read: without uids of tokens and ids of response URLs.
        secrets: what stands in the real URL instead; see :func:`secrets_in`.
        error: why there is no answer in OCPI's envelope.
    """

    direction: Direction
    method: str
    ids: MessageIds
    url: str | None = None
    module: ModuleID | None = None
    partner_id: str | None = None
    routing: Routing | None = None
    request: bytes = b""
    answer: bytes = b""
    http_status: int | None = None
    status_code: int | None = None
    message: str = ""
    error: str | None = None
    secrets: Iterable[str] = ()
    _started: float = field(default_factory=time.perf_counter)

    def write(self) -> None:
        """Write the line: the exchange is over."""
        if logger.log_level > logging.INFO:
            return
        milliseconds = round((time.perf_counter() - self._started) * 1000, 1)
        masking = Masking(self.secrets)
        if self.message or self.error:
            masking.learn(self.request)
            masking.learn(self.answer)
        request, answer = (masking.masked(body) if BODY_BYTES else None for body in (self.request, self.answer))
        routing = self.routing or Routing(None, None)
        told = {
            "direction": self.direction,
            "partner_id": self.partner_id,
            "method": self.method,
            "url": masking.message(self.url or ""),
            "module": self.module,
            "request_id": self.ids.request_id,
            "correlation_id": self.ids.correlation_id,
            "from": routing.sender and str(routing.sender),
            "to": routing.receiver and str(routing.receiver),
            "http_status": self.http_status,
            "status_code": self.status_code and int(self.status_code),
            "status_message": masking.message(self.message),
            "error": masking.message(self.error or ""),
            "milliseconds": milliseconds,
            "request": masking.body(request),
            "answer": masking.body(answer),
        }
        # In one field of its own: some of these names are taken in a log record.
        logger.info("exchange", exchange={name: value for name, value in told.items() if value not in (None, "")})

    def quoted(self, message: str) -> str:
        """A message of who answers, without the secrets that it repeats of the request."""
        if not message:
            return ""
        masking = Masking(self.secrets)
        masking.learn(self.request)
        return masking.message(message)


class Masking:
    """Masks what nobody may read in a log, and remembers what that was: messages like to quote it.

    Args:
        secrets: what is known to be secret beforehand.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = set(filter(_is_quotable, secrets))

    def learn(self, body: bytes) -> None:
        """Remember what is secret in a body of any size."""
        with suppress(orjson.JSONDecodeError):
            self._masked(orjson.loads(body), MAX_DEPTH)

    def masked(self, body: bytes) -> str | None:
        """A body as JSON without secrets in fields; only its size, if it is no JSON or too large; None if empty."""
        if not body:
            return None
        if len(body) > READ_BYTES:
            return f"{len(body)} bytes"
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError:
            return f"{len(body)} bytes, no JSON"
        return orjson.dumps(self._masked(document, MAX_DEPTH)).decode()

    def message(self, text: str) -> str:
        """`text` without what was masked anywhere, and cut."""
        for secret in self._longest_first():
            text = text.replace(secret, MASK)
        return _printable(text[:MESSAGE_CHARACTERS])

    def body(self, text: str | None) -> str | None:
        """The same for what :meth:`masked` returned."""
        if text is None:
            return None
        for secret in self._longest_first():
            text = text.replace(_escaped(secret), MASK)
        content = text.encode()
        if len(content) > BODY_BYTES:
            text = content[:BODY_BYTES].decode(errors="ignore") + "…"
        return _printable(text)

    def _longest_first(self) -> list[str]:
        """One secret may be part of another."""
        return sorted(self._secrets, key=len, reverse=True)

    def _masked(self, value: _Parsed, depth: int) -> _Parsed:
        if isinstance(value, list):
            return [self._masked(item, depth - 1) for item in value] if depth > 0 else MASK
        if not isinstance(value, dict):
            return value
        if depth <= 0:
            return MASK
        is_evse = "connectors" in value  # its uid is no secret
        masked: dict[str, _Parsed] = {}
        for name, item in value.items():
            if _is_hidden(name) and not (is_evse and name == "uid"):
                masked[name] = self._hidden(name.lower(), item, depth - 1)
            elif isinstance(item, str):
                masked[name] = item
            else:
                masked[name] = self._masked(item, depth - 1)
        return masked

    def _hidden(self, name: str, value: _Parsed, depth: int) -> _Parsed:
        """What is shown of a field that is masked; of an OCPI Token, all but what is secret in it."""
        if value is None:
            return None
        if isinstance(value, dict) and "token" in name and "uid" in value:
            return self._masked(value, depth)
        if isinstance(value, dict):
            return {inner: self._hidden(name, item, depth - 1) for inner, item in value.items()} if depth > 0 else MASK
        if isinstance(value, list):
            return [self._hidden(name, item, depth - 1) for item in value] if depth > 0 else MASK
        text = str(value)
        if _is_quotable(text):
            self._secrets.add(text)
        if name == "response_url":
            self._secrets.update(filter(_is_quotable, secrets_in(text)))
        shown = name in _ENDING and len(text) >= _SHOWN_FROM_LENGTH
        return MASK + text[-_SHOWN_CHARACTERS:] if shown else MASK


def module_in(path: str) -> ModuleID | None:
    """The module that a URL or path names, if any."""
    return next((ModuleID(part) for part in re.split(r"[/?#]", path) if part in ModuleID), None)


def has_open_path(method: str, module: ModuleID | None) -> bool:
    """Whether the path of a request may be told: response URLs may look like anything, and are POSTed to."""
    return method != "POST" and module in _OPEN_MODULES | {ModuleID.CHARGING_PROFILES}


def secrets_in(url: str, method: str = "POST") -> Iterator[str]:
    """What must not be told of a URL: uids of tokens, and the ids of response URLs, wherever these put them."""
    place, _, query = url.partition("?")
    module = module_in(place)
    if not has_open_path(method, module):
        _, *parts = place.partition("://")[2].split("/")
        after = parts.index(module) + 1 if module in parts else 0
        yield from (unquote(part) for part in parts[after:] if not _WORD.fullmatch(part))
    for name, value in parse_qsl(query):
        if name in _PARAMETERS:
            continue
        yield value
        if name == "response_url":
            yield from (unquote(part) for part in value.split("/") if not _WORD.fullmatch(part))


@lru_cache(maxsize=256)
def _is_hidden(name: str) -> bool:
    lower = name.lower()
    return lower in _HIDDEN or "token" in lower


def _is_quotable(secret: str) -> bool:
    return len(secret) >= _QUOTED_FROM_LENGTH


def _printable(text: str) -> str:
    """Without what some readers take for the end of a line."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "\ufffd" for c in text)


def _escaped(text: str) -> str:
    """As it stands in JSON."""
    return orjson.dumps(text).decode()[1:-1]
