"""Who may use the energy API: the user pool, its scopes and its clients."""

import pytest

from tests.template.expanded import Template, target

CLIENTS = {
    "EnergyPageClient": ["openid", "email", "energy/read", "energy/control"],
    "EnergyGridOperatorClient": ["energy/signal"],
    "EnergyLocalClient": ["energy/read", "energy/control", "energy/signal"],
}


def test_nobody_signs_up_by_himself(template: Template) -> None:
    pool = template.properties("EnergyUserPool")
    assert pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"]
    assert pool["Policies"]["PasswordPolicy"]["MinimumLength"] >= 12
    assert pool["MfaConfiguration"] in ("OPTIONAL", "ON")


def test_users_outlive_the_stack(template: Template) -> None:
    kept = template.resources["EnergyUserPool"]
    assert (kept["DeletionPolicy"], kept["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert kept["Properties"]["DeletionProtection"]["Fn::If"] == ["HasGatewayUrl", "INACTIVE", "ACTIVE"]


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_has_its_scopes_and_no_others(template: Template, client: str) -> None:
    assert template.properties(client)["AllowedOAuthScopes"] == CLIENTS[client]
    assert template.resources[client]["DependsOn"] == "EnergyScopes", "Cognito knows no scope before it is made"


def test_these_are_all_clients(template: Template) -> None:
    assert set(template.of_type("AWS::Cognito::UserPoolClient")) == set(CLIENTS)


def test_the_page_keeps_no_secret_and_gets_its_token_by_a_code(template: Template) -> None:
    client = template.properties("EnergyPageClient")
    assert (client["GenerateSecret"], client["AllowedOAuthFlows"]) == (False, ["code"])


@pytest.mark.parametrize("client", CLIENTS)
def test_nobody_gets_a_token_with_which_he_changes_his_own_address(template: Template, client: str) -> None:
    """A password sent to Cognito itself is answered with a token for the user's own attributes."""
    assert template.properties(client)["ExplicitAuthFlows"] == ["ALLOW_REFRESH_TOKEN_AUTH"]
    assert "aws.cognito.signin.user.admin" not in template.properties(client)["AllowedOAuthScopes"]


def test_an_address_counts_once_it_is_verified(template: Template) -> None:
    pool = template.properties("EnergyUserPool")
    assert pool["UserAttributeUpdateSettings"] == {"AttributesRequireVerificationBeforeUpdate": ["email"]}
    assert pool["AutoVerifiedAttributes"] == ["email"]


@pytest.mark.parametrize("client", ["EnergyGridOperatorClient", "EnergyLocalClient"])
def test_a_machine_has_a_secret_and_signs_in_by_nothing_else(template: Template, client: str) -> None:
    properties = template.properties(client)
    assert (properties["GenerateSecret"], properties["AllowedOAuthFlows"]) == (True, ["client_credentials"])


def test_what_may_do_everything_is_on_the_local_aws_only(template: Template) -> None:
    assert template.resources["EnergyLocalClient"]["Condition"] == "HasGatewayUrl"
    audience = template.properties("EnergyAuthorizer")["JwtConfiguration"]["Audience"]["Fn::Split"][1]["Fn::Sub"][1]
    assert audience["Local"]["Fn::If"] == ["HasGatewayUrl", {"Fn::Sub": ",${EnergyLocalClient}"}, ""]


def test_tokens_are_of_this_pool(template: Template) -> None:
    authorizer = template.properties("EnergyAuthorizer")
    assert authorizer["AuthorizerType"] == "JWT"
    assert authorizer["JwtConfiguration"]["Issuer"]["Fn::Sub"].endswith("/${EnergyUserPool}")
    for client in CLIENTS:
        assert target(template.properties(client)["UserPoolId"]) == "EnergyUserPool"
