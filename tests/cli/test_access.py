"""`ocpi access`: who may see, change and curtail which sites."""

import boto3
import pytest

from cli.deployment import Deployment
from ocpi.store.grants import Grants, Right
from ocpi.store.sites import Sites
from tests.command import OUTPUTS, Ocpi
from tests.functions.charging import PLACE


@pytest.fixture
def client(ocpi: Ocpi, monkeypatch: pytest.MonkeyPatch) -> str:
    """The id of a grid operator's app client, in the user pool of the stack."""
    cognito = boto3.client("cognito-idp")
    pool = cognito.create_user_pool(PoolName="energy", UsernameAttributes=["email"])["UserPool"]["Id"]
    made = cognito.create_user_pool_client(UserPoolId=pool, ClientName="grid-operator")["UserPoolClient"]["ClientId"]
    monkeypatch.setattr(Deployment, "find", lambda _stack: Deployment(OUTPUTS | {"EnergyUserPoolId": pool}))
    Sites("sites").put_config("garage", "{}", PLACE, None, None)
    return made


def test_a_person_is_invited_granted_a_site_and_loses_it_again(ocpi: Ocpi, client: str) -> None:
    assert "nobody has the address" in ocpi("access", "grant", "jan@example.com", "garage", "read").err
    invited = ocpi("access", "invite", "jan@example.com", "--json").json
    assert "is invited already" in ocpi("access", "invite", "jan@example.com").err
    granted = ocpi("access", "grant", "jan@example.com", "garage", "control")
    assert granted.out == "jan@example.com may control at site 'garage'.\n"
    grants = Grants("sites")
    assert grants.of(invited["principal"]).rights("garage") == {Right.READ, Right.CONTROL}
    (listed,) = ocpi("access", "list", "--json").json
    assert (listed["name"], listed["site"], listed["rights"]) == ("jan@example.com", "garage", ["control"])
    assert (
        "nothing is granted to 'jan@example.com' at 'attic'" in ocpi("access", "revoke", "jan@example.com", "attic").err
    )
    assert ocpi("access", "revoke", "Jan@example.com", "garage").out == "jan@example.com: revoked. Nothing is left.\n"
    assert grants.of(invited["principal"]).rights("garage") == frozenset()


def test_an_address_that_nobody_has_verified_is_granted_nothing(ocpi: Ocpi, client: str) -> None:
    ocpi("access", "invite", "anna@example.com")
    cognito = boto3.client("cognito-idp")
    (pool,) = cognito.list_user_pools(MaxResults=1)["UserPools"]
    (anna,) = cognito.list_users(UserPoolId=pool["Id"])["Users"]
    changes = {"email": "boss@example.com", "email_verified": "false"}, {"email_verified": "true"}
    for change, exit_code in zip(changes, (1, 0), strict=True):
        cognito.admin_update_user_attributes(
            UserPoolId=pool["Id"],
            Username=anna["Username"],
            UserAttributes=[{"Name": name, "Value": value} for name, value in change.items()],
        )
        printed = ocpi("access", "grant", "boss@example.com", "garage", "control")
        assert (printed.exit_code, "must be the verified address" in printed.err) == (exit_code, bool(exit_code))


def test_a_machine_is_granted_by_the_id_of_its_client(ocpi: Ocpi, client: str) -> None:
    granted = ocpi("access", "grant", client, "*", "read", "signal", "--json").json
    assert granted == {"principal": client, "name": "grid-operator", "sites": {"*": ["read", "signal"]}}
    assert ocpi("access", "revoke", client).exit_code == 0
    assert ocpi("access", "list", "--json").json == []


def test_what_cannot_be_granted_says_why(ocpi: Ocpi, client: str) -> None:
    for arguments, line in (
        (("grant", client, "attic", "read"), "there is no site 'attic'; 'ocpi site list' shows all"),
        (("grant", "nobody", "garage", "read"), "'nobody' is neither an e-mail address nor the id of an app client"),
        (("grant", 'a"@x', "garage", "read"), "'a\"@x' is no e-mail address"),
        (("revoke", "nobody"), "nothing is granted to 'nobody'; 'ocpi access list' shows all"),
    ):
        printed = ocpi("access", *arguments)
        assert (printed.exit_code, printed.err) == (1, f"ocpi: {line}\n")
    assert "own" in ocpi("access", "grant", client, "garage", "own").err


def test_a_stack_without_a_user_pool_says_so(ocpi: Ocpi) -> None:
    assert "the stack has no user pool" in ocpi("access", "invite", "jan@example.com").err
