"""HTTP connections that keep a deadline: with urllib3 alone, a timeout begins anew with every byte that comes."""

import io
import time
from collections.abc import Callable
from http.client import HTTPResponse
from socket import socket
from typing import TYPE_CHECKING, Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_SLICE_BYTES = 16_384
"""So much is sent at a time; TLS would begin a timeout anew for each record."""


class _Deadline(HTTPConnection):
    """A connection whose `timeout` runs down from when it was set, as urllib3 does for each request, to its end."""

    _ends: float | None = None

    @property
    def timeout(self) -> float | None:
        """How many seconds are left; None if there is no deadline.

        Raises:
            TimeoutError: none are left.
        """
        if self._ends is None:
            return None
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the deadline has passed")
        return left

    @timeout.setter
    def timeout(self, seconds: float | None) -> None:
        self._ends = None if seconds is None else time.monotonic() + seconds

    def _new_conn(self) -> socket:
        """Connected; what is left is for the TLS handshake."""
        made = super()._new_conn()
        made.settimeout(self.timeout)
        return made

    def send(self, data: bytes) -> None:  # type: ignore[override]  # urllib3 sends nothing else
        """Send `data` before the deadline."""
        for start in range(0, len(data), _SLICE_BYTES):
            if self.sock:
                self.sock.settimeout(self.timeout)
            super().send(data[start : start + _SLICE_BYTES])

    def response_class(  # type: ignore[override]  # it is only called
        self, sock: socket, *args: Any, **options: Any
    ) -> HTTPResponse:
        """An answer of which each part is read before the deadline."""
        response = HTTPResponse(sock, *args, **options)
        response.fp = io.BufferedReader(_Reads(response.fp.detach(), lambda: sock.settimeout(self.timeout)))
        return response


class _Reads(io.RawIOBase):
    """Reads from a socket, and looks at the clock each time."""

    def __init__(self, raw: io.RawIOBase, before: Callable[[], None]) -> None:
        self._raw = raw
        self._before = before

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int | None:
        self._before()
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _HTTPConnection(_Deadline):
    """Over plain HTTP."""


class _HTTPSConnection(_Deadline, HTTPSConnection):
    """Over TLS."""


class HTTPPool(urllib3.HTTPConnectionPool):
    """Connections over plain HTTP."""

    ConnectionCls = _HTTPConnection


class HTTPSPool(urllib3.HTTPSConnectionPool):
    """Connections over TLS."""

    ConnectionCls = _HTTPSConnection
