"""Tokens module: what a driver identifies with (mod_tokens.asciidoc)."""

from enum import StrEnum


class TokenType(StrEnum):
    """What kind of token it is."""

    AD_HOC_USER = "AD_HOC_USER"
    APP_USER = "APP_USER"
    OTHER = "OTHER"
    RFID = "RFID"
