"""What all tests share: an AWS in process (moto) with the platform's tables, queues, key and secret."""

import os
from collections.abc import Iterator
from functools import cache
from typing import Any

REGION = "eu-central-1"
ROLES = '[{"role":"SCSP","country_code":"NL","party_id":"OCS","business_details":{"name":"OCPI Serverless (test)"}}]'
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
    "PUSH_QUEUE_URL": f"{_QUEUES}/push.fifo",
    "OPTIMIZE_QUEUE_URL": f"{_QUEUES}/optimize.fifo",
    "TOKEN_KEY_ID": "alias/token",
    "TOKEN_PEPPER_SECRET_ID": "pepper",
    "PUBLIC_BASE_URL": "https://ocpi.example.com",
    "ALLOW_PRIVATE_PARTNERS": "true",
    "ROLES": ROLES,
    "POWERTOOLS_SERVICE_NAME": "test",
    "LOG_LEVEL": "ERROR",
}
for _name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "CLOCK_FILE"):
    os.environ.pop(_name, None)

import boto3  # noqa: E402 - the environment comes first
import pytest  # noqa: E402
from moto import mock_aws  # noqa: E402


@pytest.fixture
def aws() -> Iterator[None]:
    """An empty AWS account with the platform's resources."""
    with mock_aws():
        _create_resources()
        yield


def _create_resources() -> None:
    dynamodb, sqs, kms, secrets = _clients()
    for table in ("partners", "objects", "sites"):
        dynamodb.create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in ("pk", "sk")],
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
        )
    for queue in ("push.fifo", "optimize.fifo"):
        sqs.create_queue(QueueName=queue, Attributes={"FifoQueue": "true"})
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/token", TargetKeyId=key)
    secrets.create_secret(Name="pepper", SecretString="a secret of the test")


@cache
def _clients() -> tuple[Any, ...]:
    """Clients for the resources, made once: making one takes longer than most tests."""
    return tuple(boto3.client(name) for name in ("dynamodb", "sqs", "kms", "secretsmanager"))
