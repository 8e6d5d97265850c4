"""What all tests share: an AWS in process (moto) with the platform's tables, queues, key and secret."""

import json
import os
from collections.abc import Iterator
from functools import cache
from typing import Any

REGION = "eu-central-1"
ROLES = json.dumps(
    [
        {"role": role, "country_code": "NL", "party_id": "OCS", "business_details": {"name": "OCPI Serverless (test)"}}
        for role in ("CPO", "EMSP", "SCSP")
    ]
)
_ACCOUNT = "123456789012"
_QUEUES = f"https://sqs.{REGION}.amazonaws.com/{_ACCOUNT}"

os.environ |= {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
    "PARTNERS_TABLE": "partners",
    "OBJECTS_TABLE": "objects",
    "SITES_TABLE": "sites",
    "DELIVERIES_TABLE": "deliveries",
    "PUSH_QUEUE_URL": f"{_QUEUES}/push.fifo",
    "OPTIMIZE_QUEUE_URL": f"{_QUEUES}/optimize.fifo",
    "TIMEOUT_QUEUE_URL": f"{_QUEUES}/timeouts",
    "PULL_QUEUE_URL": f"{_QUEUES}/pull.fifo",
    "REST_SECONDS": "0",
    "PULL_EVERY_HOURS": "6",
    "POLL_EVERY_MINUTES": "5",
    "FULL_PULL_EVERY_DAYS": "7",
    "EVENT_BUS_NAME": "events",
    "TOKEN_KEY_ID": "alias/token",
    "TOKEN_PEPPER_SECRET_ID": "pepper",
    "PUBLIC_BASE_URL": "https://ocpi.example.com",
    "SIGN_IN_URL": "https://energy.auth.eu-central-1.amazoncognito.com",
    "PAGE_CLIENT_ID": "page",
    "ALLOW_PRIVATE_PARTNERS": "true",
    "ROLES": ROLES,
    "POWERTOOLS_SERVICE_NAME": "test",
    "POWERTOOLS_METRICS_NAMESPACE": "OcpiServerless",
    "LOG_LEVEL": "ERROR",
}
for _name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "CLOCK_FILE"):
    os.environ.pop(_name, None)

import boto3  # noqa: E402 - the environment comes first
import pytest  # noqa: E402
from moto import mock_aws  # noqa: E402

from local.aws import Stack, local_aws  # noqa: E402
from ocpi.store import table  # noqa: E402


@pytest.fixture
def aws() -> Iterator[None]:
    """An empty AWS account with the platform's resources."""
    with mock_aws():
        _create_resources()
        yield


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The platform, deployed on the local AWS; the Scheduler looks at every site each minute."""
    with local_aws(state=tmp_path_factory.mktemp("aws"), optimize_every="rate(1 minute)") as stack:
        yield stack


@pytest.fixture
def on_stack(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """The same, and the AWS settings of this process lead there."""
    for name, value in stack.environment.items():
        monkeypatch.setenv(name, value)
    table.client.cache_clear()
    yield stack
    table.client.cache_clear()


def _create_resources() -> None:
    dynamodb, sqs, kms, secrets, events = _clients()
    for name in ("partners", "sites", "deliveries"):
        dynamodb.create_table(TableName=name, **_table())
    dynamodb.create_table(TableName="objects", **_table("owner_list", "audience_list", "list_position"), **_INDEXES)
    for queue in ("push.fifo", "optimize.fifo", "pull.fifo"):
        sqs.create_queue(QueueName=queue, Attributes={"FifoQueue": "true"})
    sqs.create_queue(QueueName="timeouts")
    events.create_event_bus(Name="events")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/token", TargetKeyId=key)
    secrets.create_secret(Name="pepper", SecretString="a secret of the test")


def _table(*indexed: str) -> dict[str, Any]:
    return {
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": n, "AttributeType": "S"} for n in ("pk", "sk", *indexed)],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    }


def _index(name: str, partition_key: str, projection: dict[str, Any]) -> dict[str, Any]:
    keys = [
        {"AttributeName": partition_key, "KeyType": "HASH"},
        {"AttributeName": "list_position", "KeyType": "RANGE"},
    ]
    return {"IndexName": name, "KeySchema": keys, "Projection": projection}


_DOCUMENT = {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["document"]}
_INDEXES = {
    "GlobalSecondaryIndexes": [
        _index("by_owner", "owner_list", _DOCUMENT),
        _index("by_owner_keys", "owner_list", {"ProjectionType": "KEYS_ONLY"}),
        _index("by_audience", "audience_list", _DOCUMENT),
        _index("by_audience_keys", "audience_list", {"ProjectionType": "KEYS_ONLY"}),
    ]
}


@cache
def _clients() -> tuple[Any, ...]:
    """Clients for the resources, made once: making one takes longer than most tests."""
    return tuple(boto3.client(name) for name in ("dynamodb", "sqs", "kms", "secretsmanager", "events"))
