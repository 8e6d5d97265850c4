"""Credentials tokens in the Authorization header (TRA-01 to TRA-05)."""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ocpi.transport.headers import AUTHORIZATION

MAX_TOKEN_LENGTH = 64

_PLAIN = re.compile(rf"[!-~]{{1,{MAX_TOKEN_LENGTH}}}")


@dataclass(frozen=True)
class Presented:
    """A credentials token as it came; `plain` if without Base64."""

    token: str
    plain: bool = False


def presented(header: str | None) -> Iterator[Presented]:
    """What an Authorization header may mean: 'Token', one space, and the token, in Base64 or else plain (decision 5).

    A newline that some partners encode along with the token is dropped.
    """
    scheme, _, text = (header or "").partition(" ")
    if scheme.lower() != "token":
        return
    decoded = _decoded(text)
    if 0 < len(decoded) <= MAX_TOKEN_LENGTH:
        yield Presented(decoded)
    if _PLAIN.fullmatch(text):
        yield Presented(text, plain=True)


def authorization(token: str, *, plain: bool = False) -> dict[str, str]:
    """The Authorization header that presents `token`."""
    return {AUTHORIZATION: f"Token {token if plain else base64.b64encode(token.encode()).decode()}"}


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode().rstrip("\r\n")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""
