"""The Credentials object that the platform gives."""

from typing import Any

from cli.check.exchange import Exchange
from cli.check.registry import Level, Phase, check
from cli.check.subject import Subject
from cli.check.verdict import NotApplicable, expect, succeeded, valid
from ocpi.types.credentials import CredentialsRole


def _credentials(subject: Subject) -> tuple[Exchange, dict[str, Any]]:
    seen = subject.credentials
    if seen is None or not isinstance(seen.data, dict):
        raise NotApplicable("the platform gives no Credentials object")
    return seen, seen.data


@check("CRE-02", phase=Phase.OPEN)
def credentials_are_given(subject: Subject) -> None:
    """GET credentials gives the token, the versions URL and the roles of the platform."""
    if subject.credentials is None:
        raise NotApplicable("the platform offers no credentials")
    data = succeeded(subject.credentials)
    complete = isinstance(data, dict) and all(data.get(name) for name in ("token", "url", "roles"))
    expect(complete, "token, url and roles in data", subject.credentials)


@check("CRE-21", phase=Phase.OPEN)
def token_is_short(subject: Subject) -> None:
    """The token is 1 to 64 characters long."""
    _, data = _credentials(subject)
    token = data.get("token")
    expect(isinstance(token, str), "a string in token", type(token).__name__)
    expect(0 < len(str(token)) <= 64, "1 to 64 characters in token", f"{len(str(token))} characters")


@check("CRE-22", level=Level.SHOULD, phase=Phase.OPEN)
def token_is_printable(subject: Subject) -> None:
    """The token holds printable ASCII without spaces."""
    _, data = _credentials(subject)
    odd = [f"U+{ord(c):04X}" for c in str(data.get("token")) if not "\x21" <= c <= "\x7e"]
    expect(not odd, "characters from U+0021 to U+007E only", ", ".join(odd[:5]))


@check("CRE-23", phase=Phase.OPEN)
def url_leads_to_versions(subject: Subject) -> None:
    """The URL in the credentials is the versions endpoint."""
    seen, data = _credentials(subject)
    url = str(data.get("url"))
    if url != subject.versions_url:
        expect(url.startswith("http"), "the URL of the versions endpoint in url", seen)
        versions = subject.client.send("GET", url)
        expect(isinstance(versions.data, list), f"the list of versions at {url}", versions)


@check("CRE-24", phase=Phase.OPEN)
def roles_are_complete(subject: Subject) -> None:
    """There is at least one role, each with its party and business details."""
    seen, data = _credentials(subject)
    roles = data.get("roles")
    expect(isinstance(roles, list) and roles, "an array of at least one role in roles", seen)
    for role in data["roles"]:
        valid(CredentialsRole, role, role)


@check("CRE-25", phase=Phase.OPEN)
def roles_differ(subject: Subject) -> None:
    """No role of a party is listed twice, whatever the case."""
    seen, _ = _credentials(subject)
    keys = [tuple(str(role.get(n)).upper() for n in ("role", "country_code", "party_id")) for role in subject.roles]
    expect(len(set(keys)) == len(keys), "different roles", seen)


@check("CRE-28", phase=Phase.OPEN)
def hub_is_only_a_hub(subject: Subject) -> None:
    """A hub has the role HUB only."""
    seen, _ = _credentials(subject)
    roles = {str(role.get("role")) for role in subject.roles}
    if "HUB" not in roles:
        raise NotApplicable("the platform is no hub")
    expect(roles == {"HUB"}, "no other role than HUB", seen)
