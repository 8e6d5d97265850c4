"""What the functions are given: settings, code, layers, time, logs."""

import ast

import pytest

import cdrs.settings
import chargingprofiles.settings
import commands.settings
import credentials.settings
import energy.settings
import hubclientinfo.settings
import locations.settings
import optimizer.settings
import outbox.settings
import owner.settings
import pull.settings
import push.settings
import sessions.settings
import sweep.settings
import tariffs.settings
import timeouts.settings
import tokens.settings
import versions.settings
from ocpi.requests.deadlines import LONGEST_RUN
from ocpi.settings import Settings
from tests.template.expanded import PROJECT, Template, target

SETTINGS: dict[str, type[Settings]] = {
    "VersionsFunction": versions.settings.Settings,
    "CredentialsFunction": credentials.settings.Settings,
    "LocationsFunction": locations.settings.Settings,
    "SessionsFunction": sessions.settings.Settings,
    "CdrsFunction": cdrs.settings.Settings,
    "TariffsFunction": tariffs.settings.Settings,
    "TokensFunction": tokens.settings.Settings,
    "CommandsFunction": commands.settings.Settings,
    "ChargingProfilesFunction": chargingprofiles.settings.Settings,
    "HubClientInfoFunction": hubclientinfo.settings.Settings,
    "OwnerFunction": owner.settings.Settings,
    "EnergyFunction": energy.settings.Settings,
    "OutboxFunction": outbox.settings.Settings,
    "PushFunction": push.settings.Settings,
    "TimeoutsFunction": timeouts.settings.Settings,
    "SweepFunction": sweep.settings.Settings,
    "PullFunction": pull.settings.Settings,
    "OptimizeFunction": optimizer.settings.OptimizeSettings,
    "OptimizeScheduleFunction": optimizer.settings.ScheduleSettings,
}
COMMON = {
    "CLOCK_FILE",
    "EXCHANGE_BODY_BYTES",
    "LOG_LEVEL",
    "POWERTOOLS_METRICS_NAMESPACE",
    "POWERTOOLS_SERVICE_NAME",
}


@pytest.mark.parametrize("function", SETTINGS)
def test_a_function_finds_just_the_settings_it_asks_for(template: Template, function: str) -> None:
    asked = {name.upper() for name in SETTINGS[function].model_fields}
    assert set(template.properties(function)["Environment"]["Variables"]) == asked | COMMON


@pytest.mark.parametrize("function", SETTINGS)
def test_the_named_handler_exists(template: Template, function: str) -> None:
    module, name = template.properties(function)["Handler"].rsplit(".", 1)
    path = module.replace(".", "/") + ".py"
    roots = [PROJECT if module.startswith("optimizer.") else PROJECT / "functions"]
    (source,) = (root / path for root in roots)
    assert name in _names(ast.parse(source.read_text()))


def _names(module: ast.Module) -> set[str]:
    defined = {statement.name for statement in module.body if isinstance(statement, ast.FunctionDef)}
    assigned = {
        name.id
        for statement in module.body
        if isinstance(statement, ast.Assign)
        for name in statement.targets
        if isinstance(name, ast.Name)
    }
    return defined | assigned


@pytest.mark.parametrize("function", ["Commands", "ChargingProfiles", "Owner", "Timeouts"])
def test_who_handles_requests_is_done_when_others_look_after_them(template: Template, function: str) -> None:
    assert template.properties(f"{function}Function")["Timeout"] <= LONGEST_RUN.total_seconds()


def test_the_solver_reaches_only_the_function_that_solves(template: Template) -> None:
    with_solver = {
        name
        for name, function in template.of_type("AWS::Lambda::Function").items()
        if any(target(layer).startswith("SolverLayer") for layer in function["Layers"])
    }
    assert with_solver == {"OptimizeFunction"}


def test_every_function_runs_on_python_3_13(template: Template) -> None:
    for function in template.of_type("AWS::Lambda::Function").values():
        assert (function["Runtime"], function["Architectures"]) == ("python3.13", ["x86_64"])


def test_every_function_has_a_log_of_its_own_that_is_not_kept_for_ever(template: Template) -> None:
    functions = template.of_type("AWS::Lambda::Function").values()
    logs = {target(function["LoggingConfig"]["LogGroup"]) for function in functions}
    assert len(logs) == len(functions)
    for log in logs:
        assert template.properties(log)["RetentionInDays"] == {"Ref": "LogRetentionDays"}


def test_the_api_waits_for_its_functions(template: Template) -> None:
    """API Gateway gives up after 30 s; a function that goes on after that works for nobody."""
    for integration in template.of_type("AWS::ApiGatewayV2::Integration").values():
        assert template.properties(target(integration["IntegrationUri"]))["Timeout"] < 30
