"""Which URLs from outside are called: a corpus of those that must not be, and of good ones, so that it can fail."""

import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocpi.transport import addresses
from ocpi.transport.addresses import AddressRefused, Target, is_public, origin, resolve

PUBLIC = "93.184.215.14"
NAMES = {
    "partner.example": [PUBLIC],
    "xn--bcher-kva.example": [PUBLIC],
    "both.example": [PUBLIC, "2606:2800:21f:cb07:6820:80da:af6b:8b2c"],
    "six.example": ["2606:2800:21f:cb07:6820:80da:af6b:8b2c"],
    "inside.example": ["10.1.2.3"],
    "mixed.example": [PUBLIC, "10.1.2.3"],
    "mixed-six.example": [PUBLIC, "fd00:ec2::254"],
    "localhost": ["127.0.0.1", "::1"],
    "anything.localhost": ["127.0.0.1"],
    "localhost.localdomain": ["127.0.0.1"],
    "ip6-localhost": ["::1"],
    "metadata": ["169.254.169.254"],
    "metadata.google.internal": ["169.254.169.254"],
    "instance-data.ec2.internal": ["169.254.169.254"],
    "127.0.0.1.nip.io": ["127.0.0.1"],
    "scoped.example": ["fe80::1%eth0"],
}


@pytest.fixture(autouse=True)
def _names(monkeypatch: pytest.MonkeyPatch) -> None:
    """The names above, and no others; numbers mean what they mean to the system's resolver."""
    system = socket.getaddrinfo

    def look_up(host: str, port: int, **options: int) -> list[object]:
        if host in NAMES:
            return [_found(address, port) for address in NAMES[host]]
        return list(system(host, port, flags=socket.AI_NUMERICHOST, **options))

    monkeypatch.setattr("ocpi.transport.addresses.socket.getaddrinfo", look_up)


def _found(address: str, port: int) -> tuple[object, ...]:
    if ":" in address:
        return socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, port, 0, 0)
    return socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://partner.example", Target("https", "partner.example", 443, PUBLIC, "/")),
        ("https://partner.example:443/a", Target("https", "partner.example", 443, PUBLIC, "/a")),
        ("https://partner.example:/a", Target("https", "partner.example", 443, PUBLIC, "/a")),
        ("HTTPS://Partner.EXAMPLE/A?b=C", Target("https", "partner.example", 443, PUBLIC, "/A?b=C")),
        ("https://partner.example:8443/a?b=1", Target("https", "partner.example", 8443, PUBLIC, "/a?b=1")),
        ("https://partner.example?b=1", Target("https", "partner.example", 443, PUBLIC, "/?b=1")),
        ("https://partner.example/a@b:c%00%2F", Target("https", "partner.example", 443, PUBLIC, "/a@b:c%00%2F")),
        ("https://partner.example//127.0.0.1/", Target("https", "partner.example", 443, PUBLIC, "//127.0.0.1/")),
        (
            "https://partner.example/?u=https://127.0.0.1/",
            Target("https", "partner.example", 443, PUBLIC, "/?u=https://127.0.0.1/"),
        ),
        ("https://xn--bcher-kva.example/", Target("https", "xn--bcher-kva.example", 443, PUBLIC, "/")),
        ("https://both.example/", Target("https", "both.example", 443, PUBLIC, "/")),
        ("https://six.example/", Target("https", "six.example", 443, NAMES["six.example"][0], "/")),
        (f"https://{PUBLIC}/", Target("https", PUBLIC, 443, PUBLIC, "/")),
        ("https://[2606:2800::1]:1024/", Target("https", "2606:2800::1", 1024, "2606:2800::1", "/")),
    ],
)
def test_public_https_urls_are_called(url: str, target: Target) -> None:
    assert resolve(url, allow_private=False) == target


SCHEME, USER, FRAGMENT, HOST = "the scheme", "no user name", "no fragment", "is no host"
ASCII, NO_URL, PRIVATE, PORT = (
    "printable ASCII",
    "this is no URL",
    "leads to no public address",
    "is not allowed; use 443",
)
REFUSED = {
    SCHEME: [
        "http://partner.example/",
        "ftp://partner.example/",
        "file:///etc/passwd",
        "gopher://partner.example/_x",
        "javascript:alert(1)",
        "data:text/plain,x",
        "unix:///var/run/docker.sock",
        "//partner.example/",
        "partner.example",
        "/versions",
    ],
    USER: [
        "https://a@partner.example/",
        "https://a:b@partner.example/",
        "https://@partner.example/",
        "https://partner.example@127.0.0.1/",
        "https://partner.example:443@127.0.0.1/",
        "https://partner.example\\@127.0.0.1/",
        "https://127.0.0.1\\@partner.example/",
        "https://a@b@partner.example/",
        "https://partner.example%2f@127.0.0.1/",
    ],
    FRAGMENT: [
        "https://127.0.0.1#@partner.example/",
        "https://partner.example#@127.0.0.1/",
        "https://partner.example/#",
        "https://partner.example/a?b=1#c",
    ],
    HOST: [
        "https://",
        "https:///versions",
        "https:partner.example",
        "https://:443/",
        "https://2130706433/",
        "https://017700000001/",
        "https://0x7f000001/",
        "https://0x7f.0.0.1/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://127.0.1/",
        "https://1/",
        "https://0/",
        "https://134744072/",  # 8.8.8.8: public, but not everybody reads it so
        "https://8.8.2056/",
        "https://partner.example.1/",
        "https://127.0.0.1./",
        "https://partner.example./",
        "https://.partner.example/",
        "https://partner..example/",
        "https://-partner.example/",
        "https://partner_name.example/",
        "https://partner.example\\.evil.example/",
        "https://127.0.0.1\\.partner.example/",
        "https://127.0.0.1%00.partner.example/",
        "https://127.0.0.1%2f.partner.example/",
        "https://127.0.0.1%23.partner.example/",
        "https://%31%32%37.0.0.1/",
        "https://[v1.partner.example]/",
        "https://[fe80::1%25eth0]/",
        "https://[fe80::1%eth0]/",
        "https://[::1]x/",
        "https://x[::1]/",
        "https://[2606:2800::1].partner.example/",
        "https://[2606:2800::1%25eth0]/",
        "https://partner.example,127.0.0.1/",
        "https://partner.example;127.0.0.1/",
        "https://*/",
    ],
    ASCII: [
        "",
        " https://partner.example/",
        "https://partner.example/ ",
        "https://partner.example /",
        "https://part\tner.example/",
        "https://127.0.\n0.1/",
        "https://partner.example/a\r\nHost: 127.0.0.1",
        "\x00https://partner.example/",
        "https://partner.example/\x7f",
        "https://bücher.example/",
        "https://１２７.0.0.1/",
        "https://127。0。0。1/",
        "https://①②⑦.0.0.1/",
        "https://localhost\u00ad/",
        "https://partner.example／@127.0.0.1/",
        "https://partner.example＠127.0.0.1/",
        "https://partner.example:４４３/",
        "https://partner.example/ü",
        "\u202ehttps://partner.example/",
    ],
    NO_URL: [
        "https://[::1/",
        "https://::1]/",
        "https://partner.example:65536/",
        "https://partner.example:-1/",
        "https://partner.example:+443/",
        "https://partner.example:443:443/",
        "https://partner.example:https/",
        "https://[partner.example]/",
        "https://[127.0.0.1]/",
        "https://[]/",
    ],
    PRIVATE: [
        "https://127.0.0.1/",
        "https://127.255.255.254/",
        "https://0.0.0.0/",
        "https://0.1.2.3/",
        "https://10.0.0.1/",
        "https://100.64.0.1/",
        "https://100.100.100.200/",
        "https://169.254.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://169.254.170.2/v2/credentials",
        "https://172.16.0.1/",
        "https://172.31.255.255/",
        "https://192.0.0.1/",
        "https://192.0.0.9/",
        "https://192.0.0.192/",
        "https://192.0.2.1/",
        "https://192.88.99.1/",
        "https://192.168.0.1/",
        "https://198.18.0.1/",
        "https://198.51.100.1/",
        "https://203.0.113.1/",
        "https://224.0.0.1/",
        "https://239.255.255.250/",
        "https://240.0.0.1/",
        "https://255.255.255.255/",
        "https://[::]/",
        "https://[::1]/",
        "https://[0:0:0:0:0:0:0:1]/",
        "https://[::127.0.0.1]/",
        "https://[::7f00:1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:169.254.169.254]/",
        "https://[::ffff:a9fe:a9fe]/",
        "https://[0:0:0:0:0:ffff:a9fe:a9fe]/",
        "https://[::ffff:0:127.0.0.1]/",
        "https://[64:ff9b::169.254.169.254]/",
        "https://[64:ff9b:1::a9fe:a9fe]/",
        "https://[2002:a9fe:a9fe::]/",
        "https://[2002:7f00:1::1]/",
        "https://[2001:0:a9fe:a9fe::]/",
        "https://[2001:2::1]/",
        "https://[2001:10::1]/",
        "https://[2001:20::1]/",
        "https://[2001:db8::1]/",
        "https://[3fff::1]/",
        "https://[100::1]/",
        "https://[5f00::1]/",
        "https://[4000::1]/",
        "https://[fc00::1]/",
        "https://[fd00:ec2::254]/latest/meta-data/",
        "https://[fe80::1]/",
        "https://[fec0::1]/",
        "https://[ff02::1]/",
        "https://[ff0e::1]/",
        *(f"https://{name}/" for name in NAMES if PUBLIC not in NAMES[name] and name != "six.example"),
        "https://mixed.example/",
        "https://mixed-six.example/",
    ],
    PORT: [
        "https://partner.example:22/",
        "https://partner.example:25/",
        "https://partner.example:80/",
        "https://partner.example:442/",
        "https://partner.example:465/",
        "https://partner.example:636/",
        "https://partner.example:1023/",
    ],
    "the port 0": ["https://partner.example:0/"],
    "has no address": ["https://nowhere.example/", f"https://{'a' * 64}.example/", f"https://{'a.' * 200}example/"],
}


@pytest.mark.parametrize(("why", "url"), [(why, url) for why, urls in REFUSED.items() for url in urls])
def test_all_other_urls_are_refused_and_the_reason_is_told(why: str, url: str) -> None:
    with pytest.raises(AddressRefused) as refused:
        resolve(url, allow_private=False)
    assert why in str(refused.value)


@pytest.mark.parametrize("url", REFUSED[USER] + REFUSED[FRAGMENT] + REFUSED[HOST] + REFUSED[ASCII] + REFUSED[NO_URL])
def test_what_parsers_read_differently_is_refused_in_local_use_too(url: str) -> None:
    with pytest.raises(AddressRefused):
        resolve(url, allow_private=True)


@pytest.mark.parametrize("url", ["http://127.0.0.1:81/", "http://localhost/", "https://inside.example:22/"])
def test_in_local_use_private_addresses_plain_http_and_all_ports_are_allowed(url: str) -> None:
    assert resolve(url, allow_private=True).address in {"127.0.0.1", "10.1.2.3"}
    with pytest.raises(AddressRefused):
        resolve(url, allow_private=False)


def test_a_refusal_does_not_tell_the_address() -> None:
    with pytest.raises(AddressRefused) as refused:
        resolve("https://inside.example/", allow_private=False)
    assert "10.1.2.3" not in str(refused.value)


def test_the_same_place_has_one_origin_in_every_spelling() -> None:
    spellings = ["https://partner.example", "HTTPS://PARTNER.example:443/a", "https://partner.example:/?b"]
    assert {origin(url) for url in spellings} == {("https", "partner.example", 443)}
    others = ["http://partner.example", "https://partner.example:444", "https://partner.example.evil.example"]
    assert not {origin(url) for url in others} & {("https", "partner.example", 443)}


def test_a_slow_name_server_does_not_hold_up_the_function(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    def look_up(*_: object, **__: object) -> list[object]:
        over.wait(10)
        return []

    monkeypatch.setattr(addresses, "LOOKUP_S", 0.05)
    monkeypatch.setattr("ocpi.transport.addresses.socket.getaddrinfo", look_up)
    began = time.monotonic()
    with pytest.raises(AddressRefused, match=r"slow\.example was not found within 0\.05 s"):
        resolve("https://slow.example/", allow_private=False)
    assert time.monotonic() - began < 1
    over.set()


RESERVED = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
]
RESERVED_6 = [
    "::/3",
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
    "4000::/2",
    "8000::/1",
]
"""By the registries of IANA; of IPv6, only 2000::/3 has been given out."""


def inside(networks: list[str]) -> st.SearchStrategy[int]:
    """A number that is an address in one of these networks."""
    ranges = [ipaddress.ip_network(network) for network in networks]
    return st.sampled_from(ranges).flatmap(
        lambda network: st.integers(int(network.network_address), int(network.broadcast_address))
    )


def spellings(number: int) -> Iterator[str]:
    """The notations in which a host with this IPv4 address can be written, alone and inside IPv6."""
    four = ipaddress.IPv4Address(number)
    a, b, c, d = four.packed
    yield str(four)
    yield from (f"{number}", f"{number:#x}", f"0{number:o}", f"0x{number:08X}")
    yield from (f"{a}.{number & 0xFFFFFF}", f"{a}.{b}.{number & 0xFFFF}")
    yield from (f"0{a:o}.0{b:o}.0{c:o}.0{d:o}", f"{a:#x}.{b:#x}.{c:#x}.{d:#x}", f"00{a}.{b}.{c}.{d}")
    yield from (
        f"[::ffff:{four}]",
        f"[::ffff:{number >> 16:x}:{number & 0xFFFF:x}]",
        f"[::{four}]",
        f"[::ffff:0:{four}]",
    )
    yield from (f"[64:ff9b::{four}]", f"[64:ff9b:1::{four}]", f"[2002:{number >> 16:x}:{number & 0xFFFF:x}::1]")
    yield f"[2001:0:{number >> 16:x}:{number & 0xFFFF:x}::1]"


@given(inside(RESERVED))
def test_no_notation_of_a_reserved_ipv4_address_is_called(number: int) -> None:
    for host in spellings(number):
        with pytest.raises(AddressRefused):
            resolve(f"https://{host}/", allow_private=False)


@given(inside(RESERVED_6))
def test_no_notation_of_a_reserved_ipv6_address_is_called(number: int) -> None:
    six = ipaddress.IPv6Address(number)
    for host in (str(six), six.exploded, str(six).upper()):
        with pytest.raises(AddressRefused):
            resolve(f"https://[{host}]/", allow_private=False)


@given(st.integers(0, 2**32 - 1))
def test_all_other_ipv4_addresses_are_called(number: int) -> None:
    four = ipaddress.IPv4Address(number)
    reserved = any(four in ipaddress.ip_network(network) for network in RESERVED)
    assert is_public(str(four)) is not reserved
    assert is_public(f"::ffff:{four}") is not reserved


@given(st.text())
def test_whatever_comes_as_a_url_is_called_or_refused(url: str) -> None:
    called: list[Callable[[str], object]] = [origin, lambda text: resolve(text, allow_private=False)]
    for call in called:
        for text in (url, f"https://{url}", f"https://partner.example{url}", f"https://[{url}]"):
            with suppress(AddressRefused):
                call(text)
