"""Versions and version details."""

from collections import Counter
from typing import Any
from urllib.parse import urlsplit

from pydantic import TypeAdapter, ValidationError

from cli.check.exchange import Exchange
from cli.check.registry import Level, Phase, check
from cli.check.subject import VERSION, Subject
from cli.check.verdict import NotApplicable, Unmet, expect, succeeded, valid
from ocpi.types.primitives import Url
from ocpi.types.versions import Endpoint, InterfaceRole

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_URL = TypeAdapter(Url)


def _details(subject: Subject) -> Exchange:
    if subject.details is None:
        raise NotApplicable(f"the versions name no details of {VERSION}")
    return subject.details


def _endpoints(subject: Subject) -> tuple[dict[str, Any], ...]:
    if not subject.endpoints:
        raise NotApplicable("there are no endpoints in the version details")
    return subject.endpoints


def _urls(subject: Subject) -> list[object]:
    versions = subject.versions.data if isinstance(subject.versions.data, list) else []
    return [entry.get("url") for entry in (*versions, *subject.endpoints) if isinstance(entry, dict)]


@check("VER-01", phase=Phase.OPEN)
def versions_are_listed(subject: Subject) -> None:
    """The versions are an array with at least one version."""
    versions = succeeded(subject.versions)
    expect(isinstance(versions, list) and versions, "an array of at least one Version in data", subject.versions)


@check("VER-02", phase=Phase.OPEN)
def version_2_2_1_is_offered(subject: Subject) -> None:
    """Each version has its number and URL, and 2.2.1 is one of them."""
    for version in subject.versions.data:
        named = isinstance(version, dict) and isinstance(version.get("version"), str) and version.get("url")
        expect(named, "version and url in each Version", subject.versions)
    expect(subject.details_url, f"a version {VERSION!r} with a url", subject.versions)


@check("VER-03", level=Level.SHOULD, phase=Phase.OPEN)
def no_deprecated_version(subject: Subject) -> None:
    """The deprecated versions 2.1 and 2.2 are not offered."""
    offered = {version.get("version") for version in subject.versions.data if isinstance(version, dict)}
    expect(not offered & {"2.1", "2.2"}, "neither 2.1 nor 2.2", subject.versions)


@check("VER-04", phase=Phase.OPEN)
def details_are_an_object(subject: Subject) -> None:
    """The version details are one object with endpoints."""
    details = _details(subject)
    data = succeeded(details)
    complete = isinstance(data, dict) and data.get("version") == VERSION and isinstance(data.get("endpoints"), list)
    expect(complete and data["endpoints"], f"an object with version {VERSION!r} and endpoints in data", details)


@check("VER-05", phase=Phase.OPEN)
def endpoints_are_complete(subject: Subject) -> None:
    """Each endpoint has identifier, role and URL."""
    for endpoint in _endpoints(subject):
        expect(endpoint.get("role") in list(InterfaceRole), "SENDER or RECEIVER in role", endpoint)
        expect(isinstance(endpoint.get("url"), str) and len(endpoint["url"]) <= 255, "url, at most 255 long", endpoint)
        valid(Endpoint, {**endpoint, "url": "https://example.com"}, endpoint)


@check("VER-06", phase=Phase.OPEN)
def endpoints_differ(subject: Subject) -> None:
    """Each interface of a module is listed once."""
    counted = Counter((endpoint.get("identifier"), endpoint.get("role")) for endpoint in _endpoints(subject))
    (twice, count), *_ = counted.most_common(1)
    expect(count == 1, "one endpoint for each identifier and role", f"{count} for {twice[0]} {twice[1]}")


@check("VER-07", phase=Phase.OPEN)
def credentials_are_offered(subject: Subject) -> None:
    """The endpoints hold the credentials module."""
    names = sorted({str(endpoint.get("identifier")) for endpoint in _endpoints(subject)})
    expect("credentials" in names, "an endpoint credentials", ", ".join(names))


@check("VER-08", level=Level.SHOULD, phase=Phase.OPEN)
def credentials_are_a_sender(subject: Subject) -> None:
    """The credentials endpoint is listed as SENDER."""
    for endpoint in _endpoints(subject):
        if endpoint.get("identifier") == "credentials":
            expect(endpoint.get("role") == "SENDER", "role SENDER", endpoint)


@check("VER-13", level=Level.SHOULD, phase=Phase.OPEN)
def urls_hold_the_version(subject: Subject) -> None:
    """Endpoint URLs hold the version."""
    for endpoint in _endpoints(subject):
        expect(VERSION in str(endpoint.get("url")), f"{VERSION} in the URL", endpoint)


@check("VER-14", level=Level.SHOULD, phase=Phase.OPEN)
def urls_are_absolute(subject: Subject) -> None:
    """All URLs are absolute."""
    for url in _urls(subject):
        try:
            _URL.validate_python(url)
        except ValidationError:
            raise Unmet("an absolute http(s) URL", repr(url)) from None


@check("VER-15", level=Level.SHOULD, phase=Phase.OPEN)
def modules_fit_together(subject: Subject) -> None:
    """Modules are offered along with those they depend on."""
    offered = {(endpoint.get("identifier"), endpoint.get("role")) for endpoint in _endpoints(subject)}
    modules = {identifier for identifier, _ in offered}
    needed = {
        "commands": {"locations", "sessions"} if "commands" in modules else set(),
        "chargingprofiles": {"sessions"} if "chargingprofiles" in modules else set(),
        "the locations RECEIVER": {"tariffs"} if ("locations", "RECEIVER") in offered else set(),
    }
    for module, others in needed.items():
        missing = sorted(others - modules)
        expect(not missing, f"{' and '.join(sorted(others))} along with {module}", f"no {' and no '.join(missing)}")


@check("TRA-07", phase=Phase.OPEN)
def tls_everywhere(subject: Subject) -> None:
    """All traffic is under TLS, with a certificate that holds."""
    urls = [urlsplit(str(url)) for url in (subject.versions_url, *_urls(subject))]
    plain = [url for url in urls if url.scheme == "http" and url.hostname not in _LOOPBACK]
    expect(not plain, "https in every URL", plain[0].geturl() if plain else "")
    if any(url.scheme == "http" for url in urls):
        raise NotApplicable("the platform runs on this machine, without TLS")
