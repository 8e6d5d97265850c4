"""Credentials tokens in the Authorization header (TRA-01 to TRA-05)."""

import base64
import binascii

from ocpi.transport.headers import AUTHORIZATION

MAX_TOKEN_LENGTH = 64


def token_of(header: str | None) -> str | None:
    """The credentials token in an Authorization header: 'Token', one space, Base64 of the token.

    A newline that some partners encode along with the token is dropped (decision 5).
    Returns None for anything else.
    """
    scheme, _, encoded = (header or "").partition(" ")
    if scheme.lower() != "token":
        return None
    try:
        token = base64.b64decode(encoded, validate=True).decode().rstrip("\r\n")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    return token if 0 < len(token) <= MAX_TOKEN_LENGTH else None


def authorization(token: str) -> dict[str, str]:
    """The Authorization header that presents `token`."""
    return {AUTHORIZATION: f"Token {base64.b64encode(token.encode()).decode()}"}
