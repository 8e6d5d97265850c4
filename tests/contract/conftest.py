"""The store on moto, in memory (tests.delivery), and on the local AWS (marked e2e): all have to do alike."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import boto3
import pytest

from ocpi.store import table
from ocpi.store.lists import Lists
from ocpi.store.objects import Objects
from ocpi.store.partners import Partners
from ocpi.store.sites import Sites
from tests.delivery.dynamodb import MemoryDynamoDB


@dataclass(frozen=True)
class Store:
    """The three tables, and a name that no other test uses."""

    partners: Partners
    objects: Objects
    lists: Lists
    sites: Sites
    sites_table: str
    name: str


@pytest.fixture(params=["moto", "in memory", pytest.param("local AWS", marks=pytest.mark.e2e)])
def store(request: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    name = uuid4().hex
    if request.param != "local AWS":
        if request.param == "moto":
            request.getfixturevalue("aws")
        else:
            in_memory = MemoryDynamoDB()
            monkeypatch.setattr(table, "client", lambda: in_memory)
        yield Store(Partners("partners"), Objects("objects"), Lists("objects"), Sites("sites"), "sites", name)
        return
    outputs = request.getfixturevalue("on_stack").outputs
    partners, objects, sites = (_twin(outputs[f"{kind}Table"]) for kind in ("Partners", "Objects", "Sites"))
    yield Store(Partners(partners), Objects(objects), Lists(objects), Sites(sites), sites, name)


def _twin(name: str) -> str:
    """A table like one of the deployed ones, but without a stream: no function acts upon what is stored there."""
    dynamodb = boto3.client("dynamodb")
    deployed = dynamodb.describe_table(TableName=name)["Table"]
    indexes = [
        {part: index[part] for part in ("IndexName", "KeySchema", "Projection")}
        for index in deployed.get("GlobalSecondaryIndexes", [])
    ]
    twin: dict[str, Any] = {part: deployed[part] for part in ("KeySchema", "AttributeDefinitions")}
    if indexes:
        twin["GlobalSecondaryIndexes"] = indexes
    with suppress(dynamodb.exceptions.ResourceInUseException):
        dynamodb.create_table(TableName=f"{name}-twin", BillingMode="PAY_PER_REQUEST", **twin)
    return f"{name}-twin"


@pytest.fixture
def at_once(request: pytest.FixtureRequest) -> None:
    """For tests of several who write at once: moto loses some of the transactions that they make."""
    if "moto" in request.node.callspec.id:
        pytest.skip("moto loses transactions that are made at once")
