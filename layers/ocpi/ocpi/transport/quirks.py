"""Where single partners differ from OCPI: an operator says so, and with them alone the platform puts up with it."""

from enum import StrEnum
from typing import Protocol


class Quirk(StrEnum):
    """One way in which a partner differs."""

    PLAIN_TOKENS = "plain-tokens"
    LENIENT_DATE_FROM = "lenient-date-from"
    TRAILING_SLASH = "trailing-slash"
    NO_PATCH = "no-patch"
    NO_MESSAGE_IDS = "no-message-ids"
    NO_PUSH = "no-push"
    FEW_AT_A_TIME = "few-at-a-time"

    @property
    def meaning(self) -> str:
        """What the platform does about it, for operators."""
        return _MEANINGS[self]


_MEANINGS = {
    Quirk.PLAIN_TOKENS: "tokens go to it without Base64, as in OCPI 2.1.1, and are taken so from it",
    Quirk.LENIENT_DATE_FROM: "it may ask for the list of Sessions without date_from",
    Quirk.TRAILING_SLASH: "its URLs may end in a slash, and those that we call get one",
    Quirk.NO_PATCH: "it gets whole objects by PUT instead of changes by PATCH",
    Quirk.NO_MESSAGE_IDS: "it sends no X-Request-ID and X-Correlation-ID, which is not logged any more",
    Quirk.NO_PUSH: "it does not push what changes, so its lists are asked for every few minutes",
    Quirk.FEW_AT_A_TIME: "it is asked for two charging profiles at a time instead of sixteen",
}


class Caller(Protocol):
    """Who presents a token."""

    @property
    def id(self) -> str:
        """By what name we know it."""

    def has(self, quirk: Quirk) -> bool:
        """Whether it differs from OCPI in this way."""
