"""The HTTP API: every OCPI path reaches its module, and everything else is answered too."""

import pytest

from cli.deployment import NEEDED
from ocpi.types.versions import ModuleID
from tests.template.expanded import Template, target

MODULES = {
    "cdrs": "CdrsFunction",
    "chargingprofiles": "ChargingProfilesFunction",
    "commands": "CommandsFunction",
    "hubclientinfo": "HubClientInfoFunction",
    "locations": "LocationsFunction",
    "sessions": "SessionsFunction",
    "tariffs": "TariffsFunction",
    "tokens": "TokensFunction",
}
ROUTES = {
    "ANY /ocpi/versions": "VersionsFunction",
    "ANY /ocpi/2.2.1": "VersionsFunction",
    "ANY /ocpi/2.2.1/credentials": "CredentialsFunction",
    "ANY /ocpi/2.2.1/credentials/{proxy+}": "CredentialsFunction",
    **{f"ANY /ocpi/2.2.1/{{interface}}/{module}": function for module, function in MODULES.items()},
    **{f"ANY /ocpi/2.2.1/{{interface}}/{module}/{{proxy+}}": function for module, function in MODULES.items()},
    **{f"ANY /ocpi/2.2.1/{{interface}}/{module}/": function for module, function in MODULES.items()},
    "ANY /ocpi/2.2.1/credentials/": "CredentialsFunction",
    "ANY /owner/v1/{proxy+}": "OwnerFunction",
    "ANY /energy/v1/{proxy+}": "EnergyFunction",
    "GET /energy/v1/{proxy+}": "EnergyFunction",
    "GET /energy": "EnergyFunction",
    "GET /energy/": "EnergyFunction",
    "GET /energy/{proxy+}": "EnergyFunction",
    "$default": "VersionsFunction",
}


def test_every_path_reaches_its_module(template: Template) -> None:
    reached = {}
    for route in template.of_type("AWS::ApiGatewayV2::Route").values():
        integration = route["Target"]["Fn::Sub"].removeprefix("integrations/${").removesuffix("}")
        reached[route["RouteKey"]] = target(template.properties(integration)["IntegrationUri"])
    assert reached == ROUTES


def test_routes_that_the_local_gateway_needs_are_there_only(template: Template) -> None:
    for route in template.resources.values():
        if route["Type"] == "AWS::ApiGatewayV2::Route":
            local = route["Properties"]["RouteKey"].endswith("/")
            assert route.get("Condition") == ("HasGatewayUrl" if local else None), route["Properties"]["RouteKey"]


def test_the_backend_s_api_is_for_callers_that_iam_knows_and_no_other(template: Template) -> None:
    for route in template.of_type("AWS::ApiGatewayV2::Route").values():
        by_iam = route["RouteKey"].startswith("ANY /owner/")
        assert (route.get("AuthorizationType") == "AWS_IAM") == by_iam, route["RouteKey"]


def test_the_energy_api_is_for_bearers_of_its_tokens_and_no_other(template: Template) -> None:
    for route in template.of_type("AWS::ApiGatewayV2::Route").values():
        by_token = "/energy/v1/" in route["RouteKey"]
        assert (route.get("AuthorizationType") == "JWT") == by_token, route["RouteKey"]
        if by_token:
            assert target(route["AuthorizerId"]) == "EnergyAuthorizer"
            assert route["AuthorizationScopes"] == ["energy/read", "energy/control", "energy/signal"]


def test_every_module_of_ocpi_has_its_routes() -> None:
    assert set(MODULES) == set(ModuleID) - {ModuleID.CREDENTIALS}


def test_the_api_may_start_every_function_behind_it(template: Template) -> None:
    permissions = template.of_type("AWS::Lambda::Permission").values()
    assert {target(permission["FunctionName"]) for permission in permissions} == set(ROUTES.values())


def test_every_function_gets_payload_2_0(template: Template) -> None:
    for integration in template.of_type("AWS::ApiGatewayV2::Integration").values():
        assert (integration["IntegrationType"], integration["PayloadFormatVersion"]) == ("AWS_PROXY", "2.0")


@pytest.mark.requirement("TRA-07")
def test_partners_reach_it_over_https_and_need_no_certificate(template: Template) -> None:
    (api,) = template.of_type("AWS::ApiGatewayV2::Api").values()
    assert api["ProtocolType"] == "HTTP", "which AWS serves over TLS only"
    assert template.document["Parameters"]["PublicBaseUrl"]["AllowedPattern"].startswith("^(https://")
    domains = template.of_type("AWS::ApiGatewayV2::DomainName").values()
    assert not [domain for domain in domains if "MutualTlsAuthentication" in domain]


def test_no_path_carries_a_stage(template: Template) -> None:
    (stage,) = template.of_type("AWS::ApiGatewayV2::Stage").values()
    assert (stage["StageName"], stage["AutoDeploy"]) == ("$default", True)


def test_the_api_is_throttled(template: Template) -> None:
    (stage,) = template.of_type("AWS::ApiGatewayV2::Stage").values()
    settings = stage["DefaultRouteSettings"]
    assert 0 < settings["ThrottlingRateLimit"] <= settings["ThrottlingBurstLimit"] <= 1000


def test_the_access_log_holds_no_token(template: Template) -> None:
    (stage,) = template.of_type("AWS::ApiGatewayV2::Stage").values()
    assert "header" not in stage["AccessLogSettings"]["Format"].lower()
    assert "authoriz" not in stage["AccessLogSettings"]["Format"].lower()


def test_the_access_log_holds_routes_and_no_paths_with_ids_in_them(template: Template) -> None:
    (stage,) = template.of_type("AWS::ApiGatewayV2::Stage").values()
    format_ = stage["AccessLogSettings"]["Format"]
    assert "$context.routeKey" in format_
    assert not {name for name in ("path", "requestPath", "rawPath") if f"$context.{name}" in format_}
    assert "querystring" not in format_.lower()


@pytest.mark.parametrize("parameter", ["AllowPrivatePartners", "ClockFile", "GatewayUrl"])
def test_what_only_the_local_aws_may_have_is_off_by_default(template: Template, parameter: str) -> None:
    assert template.document["Parameters"][parameter]["Default"] in ("", "false")


def test_the_command_ocpi_finds_what_it_needs_among_the_outputs(template: Template) -> None:
    energy = {f"Energy{name}" for name in ("Url", "PageUrl", "TokenUrl", "UserPoolId", "PageClientId")}
    clients = {"EnergyGridOperatorClientId", "EnergyLocalClientId"}
    others = {"VersionsUrl", "EventBusName", "OwnerUrl", *energy, *clients}
    assert set(template.document["Outputs"]) == NEEDED | others
