"""The energy API on the local AWS: nobody gets in without a token of its user pool that is good for it."""

import base64
import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlencode

import boto3
import pytest

from local.aws import Stack
from ocpi.store.grants import Grants, Right

pytestmark = pytest.mark.e2e

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def ask(url: str, **headers: str) -> tuple[int, Any]:
    """The status, and the JSON if it is any."""
    try:
        request = urllib.request.Request(url, headers=headers)  # noqa: S310 - the local AWS
        with _direct.open(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def token(stack: Stack, client_id: str, *scopes: str) -> str:
    """As a machine gets one."""
    cognito = boto3.client("cognito-idp")
    client = cognito.describe_user_pool_client(UserPoolId=stack.outputs["EnergyUserPoolId"], ClientId=client_id)
    basic = base64.b64encode(f"{client_id}:{client['UserPoolClient']['ClientSecret']}".encode()).decode()
    form = {"grant_type": "client_credentials", "scope": " ".join(f"energy/{scope}" for scope in scopes)}
    request = urllib.request.Request(  # noqa: S310 - the local AWS
        stack.outputs["EnergyTokenUrl"], urlencode(form).encode(), {"Authorization": f"Basic {basic}"}
    )
    with _direct.open(request, timeout=30) as answer:
        return str(json.load(answer)["access_token"])


def forged(token: str, **claims: object) -> str:
    """The token with other claims, and the signature that it had."""
    header, body, signature = token.split(".")
    known = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    changed = base64.urlsafe_b64encode(json.dumps(known | claims).encode()).decode().rstrip("=")
    return f"{header}.{changed}.{signature}"


def test_only_tokens_of_the_pool_with_a_scope_of_the_api_get_in(on_stack: Stack) -> None:
    me = f"{on_stack.outputs['EnergyUrl']}/me"
    local = on_stack.outputs["EnergyLocalClientId"]
    reading = token(on_stack, local, "read")
    assert ask(me, authorization=f"Bearer {reading}")[1]["scopes"] == ["read"]
    for nothing in ({}, {"authorization": "Bearer x"}, {"authorization": f"Bearer {forged(reading)[:-9]}AAAAAAAAA"}):
        assert ask(me, **nothing)[0] == 401
    for claims in ({"scope": "energy/control"}, {"exp": 4102444800}, {"sub": "somebody else"}, {"iss": "https://x"}):
        assert ask(me, authorization=f"Bearer {forged(reading, **claims)}")[0] == 401


def test_a_grid_operator_signals_and_reads_nothing(on_stack: Stack) -> None:
    url, operator = on_stack.outputs["EnergyUrl"], on_stack.outputs["EnergyGridOperatorClientId"]
    grants = Grants(on_stack.outputs["SitesTable"])
    grants.grant(operator, "*", [*Right], "the grid operator")
    signalling = {"authorization": f"Bearer {token(on_stack, operator, 'signal')}"}
    try:
        assert ask(f"{url}/me", **signalling)[1]["sites"] == {"*": ["signal"]}
        assert ask(f"{url}/sites", **signalling) == (200, [])
        assert ask(f"{url}/sites/garage/now", **signalling)[0] == 403
        with pytest.raises(urllib.error.HTTPError):
            token(on_stack, operator, "control")
    finally:
        grants.revoke(operator)
    assert ask(f"{url}/sites/garage/now", **signalling)[0] == 404


def test_the_page_is_served_to_anybody(on_stack: Stack) -> None:
    page = on_stack.outputs["EnergyPageUrl"]
    assert ask(f"{page}config.json") == (200, {"api": "v1", "sign_in": None})
    with _direct.open(page, timeout=30) as answer:
        assert answer.url == f"{page}index.html"
        assert answer.read().startswith(b"<!doctype html>")
