"""Who a local platform is, or a simulated partner: ``CPO EMSP:NL/TNM`` becomes CredentialsRoles."""

import json
import re
from collections.abc import Iterable

from ocpi.types.business import BusinessDetails
from ocpi.types.credentials import CredentialsRole
from ocpi.types.primitives import Role

DEFAULT = "CPO EMSP SCSP"
_COUNTRY_CODE, _PARTY_ID = "NL", "OCS"
_ROLE = re.compile(r"(?P<role>[A-Za-z]+)(:(?P<country_code>[A-Za-z]{2})/(?P<party_id>[A-Za-z0-9]{3}))?")


def roles_json(text: str = DEFAULT) -> str:
    """The parameter `Roles` from roles such as ``CPO`` or ``CPO:NL/ABC``, separated by spaces or commas.

    Raises:
        ValueError: one of them is no role.
    """
    return json.dumps([_role(word) for word in _words(text)])


def _words(text: str) -> Iterable[str]:
    words = re.split(r"[\s,]+", text.strip())
    if words == [""]:
        raise ValueError("name at least one role, such as CPO or EMSP:NL/TNM")
    return words


def partner_role(word: str, name: str) -> CredentialsRole:
    """The role of a partner from ``EMSP:NL/TNM``; `name` is what it calls itself.

    Raises:
        ValueError: it is no role, or without its party, which is another one than the platform's.
    """
    match = _matched(word)
    if not match["party_id"]:
        raise ValueError(f"role {word!r}: name its party, too, such as {word}:NL/TNM")
    return CredentialsRole(
        role=Role(match["role"].upper()),
        country_code=match["country_code"].upper(),
        party_id=match["party_id"].upper(),
        business_details=BusinessDetails(name=name),
    )


def _matched(word: str) -> re.Match[str]:
    match = _ROLE.fullmatch(word)
    if not match or match["role"].upper() not in Role:
        known = ", ".join(Role)
        raise ValueError(f"{word!r} is no role; give one of {known}, or with its party, such as CPO:NL/ABC")
    return match


def _role(word: str) -> dict[str, object]:
    match = _matched(word)
    party_id = (match["party_id"] or _PARTY_ID).upper()
    return {
        "role": match["role"].upper(),
        "country_code": (match["country_code"] or _COUNTRY_CODE).upper(),
        "party_id": party_id,
        "business_details": {"name": f"OCPI Serverless {party_id} (local)"},
    }
