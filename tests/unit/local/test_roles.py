"""Who a local platform is, as a developer types it."""

import json

import pytest

from local.roles import DEFAULT, roles_json


def _short(text: str) -> list[str]:
    return [f"{role['role']}:{role['country_code']}/{role['party_id']}" for role in json.loads(roles_json(text))]


def test_roles_without_a_party_are_of_one_party() -> None:
    assert _short(DEFAULT) == ["CPO:NL/OCS", "EMSP:NL/OCS", "SCSP:NL/OCS"]


@pytest.mark.parametrize("text", ["cpo:nl/abc emsp:DE/DEF", "CPO:NL/ABC, EMSP:DE/DEF", " CPO:NL/ABC  EMSP:DE/DEF "])
def test_roles_may_name_their_party_in_any_case(text: str) -> None:
    assert _short(text) == ["CPO:NL/ABC", "EMSP:DE/DEF"]


@pytest.mark.parametrize("text", ["", "BOSS", "CPO:NL", "CPO:NLD/ABC", "CPO:NL/ABCD"])
def test_what_is_no_role_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="role"):
        roles_json(text)
