"""Least privilege: each function may do just what its code does. The local AWS enforces the same (`AUTH`)."""

from typing import Any

import pytest

from tests.template.expanded import Template, target

READ_STREAM = "DescribeStream GetRecords GetShardIterator ListStreams"
RECEIVE = "DeleteMessage GetQueueAttributes ReceiveMessage"

ALL_LISTS = (
    "ObjectsTable/by_owner",
    "ObjectsTable/by_owner_keys",
    "ObjectsTable/by_audience",
    "ObjectsTable/by_audience_keys",
)
LISTS = ALL_LISTS[:2]
KNOWS_PARTNERS = {
    "PartnersTable": "dynamodb: GetItem",
    "TokenPepper": "secretsmanager: GetSecretValue",
}


def lists(*indexes: str) -> dict[str, str]:
    return dict.fromkeys(indexes, "dynamodb: Query")


# What each function may do: by resource, the actions of its service; behind a table, the keys that it is held to.
ALLOWED = {
    "VersionsFunction": KNOWS_PARTNERS,
    "CredentialsFunction": {
        "PartnersTable": "dynamodb: DeleteItem GetItem PutItem Query",
        "TokenPepper": "secretsmanager: GetSecretValue",
        "TokenKey": "kms: Encrypt",
    },
    "LocationsFunction": KNOWS_PARTNERS | {"ObjectsTable": "dynamodb: GetItem PutItem Query"} | lists(*LISTS),
    "SessionsFunction": KNOWS_PARTNERS | {"ObjectsTable": "dynamodb: GetItem PutItem Query"} | lists(*ALL_LISTS),
    "CdrsFunction": KNOWS_PARTNERS | {"ObjectsTable": "dynamodb: GetItem PutItem Query"} | lists(*ALL_LISTS),
    "TariffsFunction": KNOWS_PARTNERS | {"ObjectsTable": "dynamodb: DeleteItem GetItem PutItem Query"} | lists(*LISTS),
    "TokensFunction": KNOWS_PARTNERS | {"ObjectsTable": "dynamodb: GetItem PutItem Query"} | lists(*LISTS),
    "CommandsFunction": KNOWS_PARTNERS
    | {"ObjectsTable": "dynamodb: GetItem PutItem", "TimeoutQueue": "sqs: SendMessage"},
    "ChargingProfilesFunction": KNOWS_PARTNERS
    | {
        "PartnersTable": "dynamodb: GetItem Query",
        "ObjectsTable": "dynamodb: GetItem PutItem Query",
        "SitesTable LOCATION#*": "dynamodb: GetItem PutItem",
        "SitesTable REQUEST#*": "dynamodb: GetItem",
        "TimeoutQueue": "sqs: SendMessage",
        "TokenKey": "kms: Decrypt",
    },
    "HubClientInfoFunction": KNOWS_PARTNERS
    | {"PartnersTable": "dynamodb: GetItem Query", "ObjectsTable": "dynamodb: GetItem PutItem"},
    "OwnerFunction": KNOWS_PARTNERS
    | {
        "PartnersTable": "dynamodb: GetItem Query",
        "ObjectsTable": "dynamodb: DeleteItem GetItem PutItem Query UpdateItem",
        "TimeoutQueue": "sqs: SendMessage",
        "TokenKey": "kms: Decrypt",
    }
    | lists(*ALL_LISTS),
    "EnergyFunction": {
        "PartnersTable": "dynamodb: GetItem",
        "ObjectsTable": "dynamodb: GetItem",
        "DeliveriesTable": "dynamodb: GetItem",
        "SitesTable GRANTS": "dynamodb: GetItem",
        "SitesTable SITES SITE#* LOCATION#*": "dynamodb: DeleteItem GetItem PutItem Query UpdateItem",
        "OptimizeQueue": "sqs: SendMessage",
    },
    "OutboxFunction": {
        "ObjectsTable.StreamArn": f"dynamodb: {READ_STREAM}",
        "SitesTable.StreamArn": f"dynamodb: {READ_STREAM}",
        "PartnersTable": "dynamodb: Query",
        "DeliveriesTable": "dynamodb: DeleteItem PutItem Query UpdateItem",
        "SitesTable": "dynamodb: DeleteItem GetItem PutItem",
        "OptimizeQueue": "sqs: SendMessage",
        "PushQueue": "sqs: SendMessage",
        "OutboxDeadLetters": "sqs: SendMessage",
        "EventBus": "events: PutEvents",
    },
    "PushFunction": {
        "PushQueue": f"sqs: {RECEIVE} SendMessage",
        "TimeoutQueue": "sqs: SendMessage",
        "PartnersTable": "dynamodb: GetItem",
        "DeliveriesTable": "dynamodb: DeleteItem GetItem PutItem Query UpdateItem",
        "ObjectsTable": "dynamodb: GetItem",
        "SitesTable LOCATION#*": "dynamodb: GetItem PutItem",
        "TokenKey": "kms: Decrypt",
    },
    "TimeoutsFunction": {
        "TimeoutQueue": f"sqs: {RECEIVE} SendMessage",
        "DeliveriesTable": "dynamodb: DeleteItem PutItem",
        "PushQueue": "sqs: SendMessage",
        "PartnersTable": "dynamodb: GetItem",
        "ObjectsTable": "dynamodb: GetItem PutItem UpdateItem",
        "TokenKey": "kms: Decrypt",
    },
    "SweepFunction": {
        "PartnersTable": "dynamodb: Query",
        "DeliveriesTable": "dynamodb: DeleteItem PutItem Query",
        "PushQueue": "sqs: SendMessage",
        "PullQueue": "sqs: SendMessage",
    },
    "PullFunction": {
        "PullQueue": f"sqs: {RECEIVE} SendMessage",
        "PartnersTable": "dynamodb: GetItem",
        "DeliveriesTable": "dynamodb: GetItem PutItem Query",
        "ObjectsTable": "dynamodb: GetItem PutItem",
        "ObjectsTable/by_owner_keys": "dynamodb: Query",
        "TokenKey": "kms: Decrypt",
    },
    "OptimizeFunction": {
        "OptimizeQueue": f"sqs: {RECEIVE} SendMessage",
        "PushQueue": "sqs: SendMessage",
        "ObjectsTable": "dynamodb: BatchGetItem GetItem",
        "SitesTable": "dynamodb: BatchGetItem ConditionCheckItem GetItem PutItem Query UpdateItem",
    },
    "OptimizeScheduleFunction": {
        "SitesTable": "dynamodb: Query",
        "OptimizeQueue": "sqs: SendMessage",
    },
}


def _expected(function: str) -> set[tuple[str, str]]:
    return {
        (resource, f"{service}:{action}")
        for resource, allowed in ALLOWED[function].items()
        for service, _, actions in [allowed.partition(": ")]
        for action in actions.split()
    }


def _granted(role: dict[str, Any]) -> set[tuple[str, str]]:
    return {
        (target(resource) + _held_to(statement), action)
        for policy in role["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        for resource in _list(statement["Resource"])
        for action in _list(statement["Action"])
    }


def _held_to(statement: dict[str, Any]) -> str:
    """The partition keys that a statement is limited to; there are no other conditions."""
    if "Condition" not in statement:
        return ""
    condition = statement["Condition"]
    assert condition.keys() == {"ForAllValues:StringLike"}
    (operand,) = condition.values()
    assert operand.keys() == {"dynamodb:LeadingKeys"}
    return " " + " ".join(operand["dynamodb:LeadingKeys"])


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_every_function_has_its_permissions_stated_here(template: Template) -> None:
    assert set(template.of_type("AWS::Lambda::Function")) == set(ALLOWED)


@pytest.mark.parametrize("function", ALLOWED)
def test_a_function_may_do_what_its_code_does_and_nothing_else(template: Template, function: str) -> None:
    role = template.properties(target(template.properties(function)["Role"]))
    assert _granted(role) == _expected(function)


@pytest.mark.parametrize("function", ALLOWED)
def test_a_function_gets_no_other_policies_than_for_its_log(template: Template, function: str) -> None:
    role = template.properties(target(template.properties(function)["Role"]))
    basic = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    assert role["ManagedPolicyArns"] == [basic]
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"Service": ["lambda.amazonaws.com"]}


def test_no_role_allows_by_wildcard(template: Template) -> None:
    for role in template.of_type("AWS::IAM::Role").values():
        for resource, action in _granted(role):
            assert "*" not in resource.partition(" ")[0] + action


@pytest.mark.parametrize(
    ("schedule", "function"), [("OptimizeSchedule", "OptimizeScheduleFunction"), ("SweepSchedule", "SweepFunction")]
)
def test_a_schedule_may_start_its_function_only(template: Template, schedule: str, function: str) -> None:
    started = template.properties(schedule)["Target"]
    role = template.properties(target(started["RoleArn"]))
    assert _granted(role) == {(function, "lambda:InvokeFunction")}
    assert target(started["Arn"]) == function


def test_only_this_api_may_start_the_functions_behind_it(template: Template) -> None:
    for permission in template.of_type("AWS::Lambda::Permission").values():
        assert permission["Principal"] == "apigateway.amazonaws.com"
        assert permission["SourceArn"]["Fn::Sub"].endswith(":${AWS::AccountId}:${HttpApi}/*")
