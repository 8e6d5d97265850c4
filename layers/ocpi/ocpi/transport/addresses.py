"""Which addresses the platform may call: partner URLs and response URLs come from outside (SSRF guard)."""

import ipaddress
import re
import socket
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from urllib.parse import urlsplit

LOOKUP_S = 3.0
"""How long the name servers may take; a slow one would otherwise use up the time of the whole function."""

_PORTS = {"https": 443, "http": 80}
_FIRST_FREE_PORT = 1024
"""Below it stand the well-known services of other protocols, such as mail and SSH."""

_URL = re.compile(r"[\x21-\x7e]+")
_PLACE = re.compile(r"(\[[^\[\]]*:[^\[\]]*\]|[^:\[\]]*)(:\d*)?")
_NAME = re.compile(r"(?!-)[a-z0-9-]+(\.[a-z0-9-]+)*")
_NUMERIC = re.compile(r"(.*\.)?(\d+|0x[0-9a-f]*)")

_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
"""All that is public in IPv6 so far; beside it stand loopback, link-local, site-local, IPv4 inside IPv6."""

_NOT_PUBLIC = tuple(
    map(
        ipaddress.ip_network,
        (
            "192.0.0.0/24",  # protocol assignments, some of which are called global
            "192.88.99.0/24",  # relays of 6to4
            "2001::/23",  # protocol assignments, and Teredo, which leads to an IPv4 address inside it
            "2002::/16",  # 6to4: the same
            "2001:db8::/32",  # documentation
            "3fff::/20",  # documentation
        ),
    )
)
"""What the standard library takes for global, in this version or another."""

type Origin = tuple[str, str, int]
"""Scheme, host and port, each in one spelling only."""


class AddressRefused(Exception):
    """A URL that the platform does not call; the message says why."""


@dataclass(frozen=True)
class Target:
    """Where a URL leads: the checked `address` is connected to, `host` is what TLS and the Host header see."""

    scheme: str
    host: str
    port: int
    address: str
    path: str

    @property
    def host_header(self) -> str:
        """The Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def resolve(url: str, *, allow_private: bool) -> Target:
    """Look up where `url` leads and check every address that its host has.

    Connecting to the returned address, rather than to the name again, leaves no room for DNS rebinding.

    Args:
        url: an absolute URL from outside.
        allow_private: local use only: plain http, any port and private addresses are let through.

    Raises:
        AddressRefused: what :func:`origin` refuses, not https, a port of another protocol, a host that has no address,
            or one that is not public.
    """
    scheme, host, port = origin(url)
    if not allow_private and scheme != "https":
        raise AddressRefused(f"the scheme {scheme!r} is not allowed; use https")
    if not allow_private and port != _PORTS["https"] and port < _FIRST_FREE_PORT:
        raise AddressRefused(f"the port {port} is not allowed; use 443, or one from {_FIRST_FREE_PORT}")
    addresses = [host] if _is_address(host) else _looked_up(host, port)
    if not allow_private and not all(map(is_public, addresses)):
        raise AddressRefused(f"{host} leads to no public address")
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(scheme, host, port, addresses[0], path)


def origin(url: str) -> Origin:
    """Where a URL leads, without looking its host up.

    What parsers disagree on is refused, so that nobody reads another host in a URL than we do.

    Raises:
        AddressRefused: no absolute http(s) URL in printable ASCII, a user name or a fragment in it, or a host that is
            neither a plain name nor an IP address in its usual notation.
    """
    if not _URL.fullmatch(url):
        raise AddressRefused("a URL is printable ASCII without spaces; an international host name begins with xn--")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise AddressRefused(f"this is no URL: {error}") from None
    if parts.scheme not in _PORTS:
        raise AddressRefused(f"the scheme {parts.scheme!r} is not allowed; use https")
    if "@" in parts.netloc:
        raise AddressRefused("a URL must hold no user name or password")
    if "#" in url:
        raise AddressRefused("a URL must hold no fragment ('#')")
    if not host or not _PLACE.fullmatch(parts.netloc) or not _is_host(host):
        raise AddressRefused(f"{host or ''!r} is no host: give a name, or an IP address in its usual notation")
    if port == 0:
        raise AddressRefused("the port 0 is not allowed")
    return parts.scheme, host, port or _PORTS[parts.scheme]


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet, whatever its notation."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped:
            return is_public(str(ip.ipv4_mapped))
        if ip not in _GLOBAL_UNICAST:
            return False
    return ip.is_global and not ip.is_multicast and not any(ip in network for network in _NOT_PUBLIC)


def _is_host(host: str) -> bool:
    """Whether this is a plain name or an address; resolvers take 127.1, 0177.0.0.1 and 2130706433 for one, too."""
    if ":" in host or _NUMERIC.fullmatch(host):
        return _is_address(host) and "%" not in host
    return _NAME.fullmatch(host) is not None


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _looked_up(host: str, port: int) -> list[str]:
    """All addresses of a host, looked up in a thread of its own: nothing else ends a lookup that takes too long."""
    answer: SimpleQueue[list[str]] = SimpleQueue()
    Thread(target=lambda: answer.put(_addresses(host, port)), daemon=True).start()
    try:
        addresses = answer.get(timeout=LOOKUP_S)
    except Empty:
        raise AddressRefused(f"{host} was not found within {LOOKUP_S:g} s") from None
    if not addresses:
        raise AddressRefused(f"{host} has no address")
    return addresses


def _addresses(host: str, port: int) -> list[str]:
    """What the name servers say, IPv4 first: a function has no IPv6 way out by default."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [str(sockaddr[0]) for *_, sockaddr in sorted(found, key=lambda each: each[0] != socket.AF_INET)]
