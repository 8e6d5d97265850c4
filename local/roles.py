"""Who a local platform is: ``CPO EMSP:NL/TNM`` becomes the CredentialsRoles that template.yaml takes."""

import json
import re
from collections.abc import Iterable

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


def _role(word: str) -> dict[str, object]:
    match = _ROLE.fullmatch(word)
    if not match or match["role"].upper() not in Role:
        known = ", ".join(Role)
        raise ValueError(f"{word!r} is no role; give one of {known}, or with its party, such as CPO:NL/ABC")
    party_id = (match["party_id"] or _PARTY_ID).upper()
    return {
        "role": match["role"].upper(),
        "country_code": (match["country_code"] or _COUNTRY_CODE).upper(),
        "party_id": party_id,
        "business_details": {"name": f"OCPI Serverless {party_id} (local)"},
    }
