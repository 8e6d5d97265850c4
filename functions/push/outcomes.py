"""What it means that a partner did not take something."""

from datetime import timedelta
from enum import Enum, auto

from ocpi.parties.calling import NotConnected
from ocpi.transport.client import Answer, PartnerUnreachable

_LOCKED = 401
_AGAIN = (403, 408, 425)
"""Client errors that are not about what was sent, or not surely: some say 403 when they do not know us."""

_TOO_MANY = 429

_UNKNOWN_RECEIVER = 4001
"""A hub knows no such party (STA-18)."""


class Trouble(Enum):
    """Why a partner did not take something, and so what is to be done."""

    REFUSED = auto()
    """It understood it and did not want it: it is not sent again as it is."""
    FAILED = auto()
    """It could not be reached, or failed itself: later."""
    LOCKED = auto()
    """It does not know us any more: nothing is sent until it does."""
    THROTTLED = auto()
    """It is asked too often."""
    BEHIND = auto()
    """The hub is well, and the party behind it is not: later, and the hub is not to blame."""
    OFFLINE = auto()
    """The party behind the hub is known to be away: it was not even tried."""


class NotTaken(Exception):
    """A partner did not take something; the message says why."""

    def __init__(self, trouble: Trouble, why: str, retry_after: timedelta | None = None) -> None:
        super().__init__(why)
        self.trouble = trouble
        self.retry_after = retry_after

    @classmethod
    def of(cls, error: PartnerUnreachable) -> "NotTaken":
        """When there was no OCPI answer."""
        if isinstance(error, NotConnected):
            return cls(Trouble.OFFLINE, str(error))
        told = _by_http_status(error.http_status or 0)
        # Without an envelope it was some proxy that has refused it, and not the partner.
        trouble = told if told in (Trouble.LOCKED, Trouble.THROTTLED) else Trouble.FAILED
        return cls(trouble, str(error), error.retry_after)


def require_taken(answer: Answer) -> None:
    """Make sure that a partner has taken what it was sent.

    Raises:
        NotTaken: it has not.
    """
    if answer.ok:
        return
    trouble = _by_http_status(answer.http_status) or _by_status_code(answer.status_code)
    raise NotTaken(trouble, str(answer), answer.retry_after)


def _by_http_status(http_status: int) -> Trouble | None:
    """What an HTTP status means by itself; None where the OCPI status code tells more (STA-07)."""
    if http_status == _TOO_MANY:
        return Trouble.THROTTLED
    if http_status == _LOCKED:
        return Trouble.LOCKED
    if http_status in _AGAIN or http_status >= 500:
        return Trouble.FAILED
    return Trouble.REFUSED if http_status >= 400 else None


def _by_status_code(status_code: int) -> Trouble:
    """A hub's errors are of those behind it, save that it knows no such party."""
    if status_code == _UNKNOWN_RECEIVER:
        return Trouble.REFUSED
    match status_code // 1000:
        case 2:
            return Trouble.REFUSED
        case 4:
            return Trouble.BEHIND
        case _:
            return Trouble.FAILED
