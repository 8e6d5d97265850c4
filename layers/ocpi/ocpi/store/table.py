"""The DynamoDB client, and a table as the entities use it."""

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.config import Config

from ocpi.store.keys import Key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

type Item = dict[str, Any]
"""An item as Python values; its document stands as JSON text in the attribute ``document``."""

ATTEMPTS = 10
"""How often a read-change-write is tried when others write the same item at the same time."""

LONGEST_PAUSE_S = 0.1
"""Between two attempts, a random part of this."""

_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize
_LOST = {"ConditionalCheckFailed", "TransactionConflict"}


class Conflict(Exception):
    """The stored item is not in the state that the write asked for; nothing was written."""


@cache
def client() -> "DynamoDBClient":
    """The DynamoDB client, made once per process."""
    return boto3.client("dynamodb", config=Config(retries={"mode": "standard", "total_max_attempts": 4}))


def attempts() -> Iterator[None]:
    """The attempts of a read-change-write, with random pauses in between so that two writers part.

    Raises:
        Conflict: all of them were in vain.
    """
    for _ in range(ATTEMPTS):
        yield
        time.sleep(random.uniform(0, LONGEST_PAUSE_S))  # noqa: S311 - no secret
    raise Conflict("the item is being written by others all the time")


class Table:
    """One table, by its name. Reads are strongly consistent."""

    def __init__(self, name: str) -> None:
        self.name = name

    def get(self, key: Key) -> Item | None:
        """The item at `key`, or None."""
        answer = client().get_item(TableName=self.name, Key=_key(key), ConsistentRead=True)
        return plain(answer["Item"]) if "Item" in answer else None

    def query(self, pk: str) -> Iterator[Item]:
        """The items of a partition, in the order of their sort keys."""
        pages = (
            client()
            .get_paginator("query")
            .paginate(
                TableName=self.name,
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues={":pk": {"S": pk}},
                ConsistentRead=True,
            )
        )
        for page in pages:
            yield from map(plain, page["Items"])

    def put(self, key: Key, item: Item, condition: str = "", values: Item | None = None) -> Item | None:
        """Write an item whole, and return the one it replaced.

        Raises:
            Conflict: `condition` does not hold.
        """
        put = self.put_action(key, item, condition, values)["Put"]
        try:
            answer = client().put_item(**put, ReturnValues="ALL_OLD")
        except client().exceptions.ConditionalCheckFailedException:
            raise Conflict from None
        replaced = answer.get("Attributes")
        return plain(replaced) if replaced else None

    def delete(self, key: Key) -> None:
        """Remove an item, if it is there."""
        client().delete_item(TableName=self.name, Key=_key(key))

    def put_action(
        self, key: Key, item: Item, condition: str = "", values: Item | None = None
    ) -> "TransactWriteItemTypeDef":
        """A put for :meth:`transact`."""
        put: dict[str, Any] = {"TableName": self.name, "Item": _key(key) | _typed(item)}
        if condition:
            put["ConditionExpression"] = condition
        if values:
            put["ExpressionAttributeValues"] = _typed(values)
        return {"Put": put}  # type: ignore[typeddict-item]  # put grows its optional parts above

    def delete_action(self, key: Key) -> "TransactWriteItemTypeDef":
        """A delete for :meth:`transact`."""
        return {"Delete": {"TableName": self.name, "Key": _key(key)}}

    def transact(self, actions: Sequence["TransactWriteItemTypeDef"]) -> None:
        """Write all of `actions` or nothing.

        Raises:
            Conflict: a condition does not hold, or someone else writes the same item at this moment.
        """
        try:
            client().transact_write_items(TransactItems=actions)
        except client().exceptions.TransactionCanceledException as error:
            reasons = {reason.get("Code") for reason in error.response.get("CancellationReasons", [])}
            if reasons & _LOST:
                raise Conflict from None
            raise


def plain(image: Mapping[str, Any]) -> Item:
    """An item, or a stream record's image, from DynamoDB's typed form to Python values."""
    return {name: _deserialize(value) for name, value in image.items()}


def _typed(item: Item) -> dict[str, Any]:
    return {name: _serialize(value) for name, value in item.items()}


def _key(key: Key) -> dict[str, Any]:
    return {"pk": {"S": key[0]}, "sk": {"S": key[1]}}
