"""Which addresses the platform may call: partner URLs and response URLs come from outside (SSRF guard)."""

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

_TRANSLATED = tuple(map(ipaddress.ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")))
"""IPv6 ranges that lead to an IPv4 address inside them, which could be a private one."""


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
        return host if self.port == _default_port(self.scheme) else f"{host}:{self.port}"


def resolve(url: str, *, allow_private: bool) -> Target:
    """Look up where `url` leads and check every address that its host has.

    Connecting to the returned address, rather than to the name again, leaves no room for DNS rebinding.

    Args:
        url: an absolute URL from outside.
        allow_private: local use only: plain http and private addresses are let through.

    Raises:
        AddressRefused: not https, a user name in it, a host that has no address, or a private one.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or _default_port(parts.scheme)
    except ValueError as error:
        raise AddressRefused(f"{error}") from None
    if parts.scheme not in (("https", "http") if allow_private else ("https",)):
        raise AddressRefused(f"the scheme {parts.scheme!r} is not allowed; use https")
    if not parts.hostname or "@" in parts.netloc or not parts.netloc.isascii():
        raise AddressRefused("the URL needs a host in ASCII, and no user name")
    addresses = _addresses(parts.hostname, port)
    for address in addresses:
        if not allow_private and not is_public(address):
            raise AddressRefused(f"{parts.hostname} leads to no public address")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, parts.hostname, port, addresses[0], path)


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet, whatever its notation."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped:
            return is_public(str(ip.ipv4_mapped))
        if any(ip in network for network in _TRANSLATED):
            return False
    return ip.is_global and not ip.is_multicast


def _default_port(scheme: str) -> int:
    return 443 if scheme == "https" else 80


def _addresses(host: str, port: int) -> list[str]:
    """All addresses of a host, IPv4 first: a function has no IPv6 way out by default."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise AddressRefused(f"{host} has no address") from None
    return [str(sockaddr[0]) for *_, sockaddr in sorted(found, key=lambda each: each[0] != socket.AF_INET)]
