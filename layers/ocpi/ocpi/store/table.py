"""The DynamoDB client, and a table as the entities use it."""

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import batched
from typing import TYPE_CHECKING, Any

import boto3
import orjson
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.config import Config
from pydantic import BaseModel

from ocpi.aws import LIMITS
from ocpi.store.keys import Key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import (
        KeysAndAttributesTypeDef,
        QueryOutputTypeDef,
        TransactWriteItemTypeDef,
        WriteRequestUnionTypeDef,
    )

type Item = dict[str, Any]
"""An item as Python values; its document stands as JSON text in the attribute ``document``."""

ATTEMPTS = 10
"""How often a read-change-write is tried when others write the same item at the same time."""

LONGEST_PAUSE_S = 0.1
"""Between two attempts, a random part of this."""

DELETED_AT_ONCE = 25
"""What one BatchWriteItem takes."""

READ_AT_ONCE = 100
"""What one BatchGetItem takes."""

_ABSENT = "attribute_not_exists(pk)"

_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


class Conflict(Exception):
    """The stored item is not in the state that the write asked for; nothing was written."""


class Busy(Conflict):
    """Others write the same item at this moment, so nothing was written; it says nothing of the item's state."""


@cache
def client() -> "DynamoDBClient":
    """The DynamoDB client, made once per process.

    Its name is fixed, since botocore would put it together each time; and mypy has checked the parameters.
    """
    retries: Any = {"mode": "standard", "total_max_attempts": 4}
    config = Config(retries=retries, user_agent="ocpi-serverless", parameter_validation=False)
    made = boto3.client("dynamodb", config=LIMITS.merge(config))
    for operation in ("GetItem", "Query"):
        made.meta.events.register(f"before-parse.dynamodb.{operation}", _read_as_it_is)
    return made


def _read_as_it_is(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: object) -> None:
    """Read what DynamoDB answers just as JSON: botocore looks at each value for every type it might have.

    Only binary values need that. A page of 50 Locations is read in a tenth of the time.
    """
    if response_dict["status_code"] != 200:
        return
    answer = orjson.loads(response_dict["body"])
    items = [answer["Item"]] if "Item" in answer else answer.get("Items", ())
    if not any("B" in value for item in items for value in item.values()):
        customized_response_dict.update(answer)
        response_dict["body"] = b"{}"


def attempts() -> Iterator[None]:
    """The attempts of a read-change-write, with random pauses in between so that two writers part.

    Raises:
        Busy: all of them were in vain.
    """
    for _ in range(ATTEMPTS):
        yield
        time.sleep(random.uniform(0, LONGEST_PAUSE_S))  # noqa: S311 - no secret
    raise Busy("the item is being written by others all the time")


@dataclass(frozen=True)
class Index:
    """A secondary index, and which of its attributes are read."""

    name: str
    partition_key: str
    sort_key: str
    read: str


class Table:
    """One table, by its name. Reads are strongly consistent."""

    def __init__(self, name: str) -> None:
        self.name = name

    def get(self, key: Key) -> Item | None:
        """The item at `key`, or None."""
        answer = client().get_item(TableName=self.name, Key=_key(key), ConsistentRead=True)
        return plain(answer["Item"]) if "Item" in answer else None

    def get_all(self, wanted: Iterable[Key]) -> Iterator[Item]:
        """The items at these keys that are there, in any order.

        Raises:
            Busy: DynamoDB does not take so many reads for long.
        """
        for some in batched(wanted, READ_AT_ONCE, strict=False):
            asked: KeysAndAttributesTypeDef = {"Keys": [_key(key) for key in some], "ConsistentRead": True}
            for _ in attempts():
                answer = client().batch_get_item(RequestItems={self.name: asked})
                yield from map(plain, answer["Responses"].get(self.name, []))
                if self.name not in answer["UnprocessedKeys"]:
                    break
                asked = answer["UnprocessedKeys"][self.name]  # type: ignore[assignment]  # the same, as it is answered

    def query(self, pk: str) -> Iterator[Item]:
        """The items of a partition, in the order of their sort keys."""
        for page in _pages(_partition(self.name, pk)):
            yield from map(plain, page["Items"])

    def first(self, pk: str) -> Item | None:
        """The item of a partition with the lowest sort key, or None."""
        query = _partition(self.name, pk) | {"Limit": 1}
        return next((plain(item) for item in client().query(**query)["Items"]), None)

    def last(self, pk: str, up_to: str) -> Item | None:
        """The item of a partition with the highest sort key that is no higher than `up_to`, or None."""
        query = _partition(self.name, pk) | {"Limit": 1, "ScanIndexForward": False}
        query["KeyConditionExpression"] += " AND sk <= :up_to"
        query["ExpressionAttributeValues"][":up_to"] = {"S": up_to}
        return next((plain(item) for item in client().query(**query)["Items"]), None)

    def span(self, pk: str, first: str, last: str, *, newest_first: bool = False) -> Iterator[Item]:
        """The items of a partition whose sort keys lie between two, both included, in their order or the other way
        round."""
        query = _partition(self.name, pk) | {"ScanIndexForward": not newest_first}
        query["KeyConditionExpression"] += " AND sk BETWEEN :first AND :last"
        query["ExpressionAttributeValues"] |= {":first": {"S": first}, ":last": {"S": last}}
        for page in _pages(query):
            yield from map(plain, page["Items"])

    def between(
        self, index: Index, list_id: str, first: str, last: str, *, limit: int, newest_first: bool = False
    ) -> tuple[list[Item], bool]:
        """At most `limit` items of an index whose sort keys lie between two, both included; eventually consistent.

        They come in the order of their sort keys, or with `newest_first` the other way round.

        Returns the items, and whether the store stopped early because they are large (it reads 1 MB at a time).
        """
        query = _range(self.name, index, list_id, first, last) | {"ProjectionExpression": index.read, "Limit": limit}
        if newest_first:
            query["ScanIndexForward"] = False
        answer = client().query(**query)
        return [plain(item) for item in answer["Items"]], "LastEvaluatedKey" in answer and len(answer["Items"]) < limit

    def count(self, index: Index, list_id: str, first: str, last: str) -> int:
        """How many items of an index have a sort key between two, both included; eventually consistent."""
        query = _range(self.name, index, list_id, first, last) | {"Select": "COUNT"}
        return sum(page["Count"] for page in _pages(query))

    def put(self, key: Key, item: Item, condition: str = "", values: Item | None = None) -> Item | None:
        """Write an item whole, and return the one it replaced; wait while a transaction writes it.

        Raises:
            Conflict: `condition` does not hold.
            Busy: there was no end of transactions.
        """
        put = self.put_action(key, item, condition, values)["Put"]
        for _ in attempts():
            try:
                replaced = client().put_item(**put, ReturnValues="ALL_OLD").get("Attributes")
            except client().exceptions.ConditionalCheckFailedException:
                raise Conflict from None
            except client().exceptions.TransactionConflictException:
                continue
            return plain(replaced) if replaced else None
        raise Busy

    def update(
        self,
        key: Key,
        new: Item,
        *,
        once: Item | None = None,
        remove: Sequence[str] = (),
        condition: str = "",
        values: Item | None = None,
    ) -> None:
        """Write some attributes of an item, which is made if there is none.

        Args:
            key: which item.
            new: what to write.
            once: what to write unless the item has such an attribute already.
            remove: which attributes to take away.
            condition: on the item as it is.
            values: of the condition.

        Raises:
            Conflict: `condition` does not hold.
        """
        update = self.update_action(key, new, once=once, remove=remove, condition=condition, values=values)["Update"]
        try:
            client().update_item(**update)
        except client().exceptions.ConditionalCheckFailedException:
            raise Conflict from None

    def change[M: BaseModel](self, key: Key, model: type[M], change: Callable[[M], M], *, default: M) -> M:
        """Change what stands at `key` as JSON text of a model, starting anew when someone else changed it meanwhile.

        Args:
            key: which item; it is not written if nothing changes.
            model: what its document is.
            change: from what it is to what it should be; called anew at each attempt.
            default: what it is as long as there is no item.

        Returns what it is now.

        Raises:
            Busy: others change it all the time.
        """
        for _ in attempts():
            item = self.get(key)
            known = model.model_validate_json(item["document"]) if item else default
            changed = change(known)
            if changed == known:
                return known
            condition, values = ("document = :read", {":read": item["document"]}) if item else (_ABSENT, None)
            try:
                self.put(key, {"document": changed.model_dump_json()}, condition, values)
            except Conflict:
                continue
            return changed
        raise AssertionError  # attempts() raises Busy

    def delete(self, key: Key, condition: str = "", values: Item | None = None) -> None:
        """Remove an item, if it is there; wait while a transaction writes it.

        Raises:
            Conflict: `condition` does not hold.
            Busy: there was no end of transactions.
        """
        delete = self.delete_action(key, condition, values)["Delete"]
        for _ in attempts():
            try:
                client().delete_item(**delete)
            except client().exceptions.ConditionalCheckFailedException:
                raise Conflict from None
            except client().exceptions.TransactionConflictException:
                continue
            return

    def clear(self, pk: str, prefix: str = "") -> Iterator[int]:
        """Remove the items of a partition, or those whose sort keys begin with `prefix`, a few at a time.

        Tells after each time how many it removed, so nothing is removed unless somebody listens.

        Raises:
            Busy: DynamoDB does not take so many writes for long.
        """
        query = _partition(self.name, pk) | {"ProjectionExpression": "pk, sk"}
        if prefix:
            query["KeyConditionExpression"] += " AND begins_with(sk, :prefix)"
            query["ExpressionAttributeValues"][":prefix"] = {"S": prefix}
        for page in _pages(query):
            for keys in batched(page["Items"], DELETED_AT_ONCE, strict=False):
                self._delete_all([{"DeleteRequest": {"Key": key}} for key in keys])
                yield len(keys)

    def _delete_all(self, requests: "Sequence[WriteRequestUnionTypeDef]") -> None:
        for _ in attempts():
            answer = client().batch_write_item(RequestItems={self.name: requests})
            requests = answer["UnprocessedItems"].get(self.name, [])
            if not requests:
                return

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

    def update_action(
        self,
        key: Key,
        new: Item,
        *,
        once: Item | None = None,
        remove: Sequence[str] = (),
        condition: str = "",
        values: Item | None = None,
    ) -> "TransactWriteItemTypeDef":
        """An update for :meth:`transact`; see :meth:`update`."""
        written = [f"#{name} = :{name}" for name in new]
        written += [f"#{name} = if_not_exists(#{name}, :{name})" for name in once or ()]
        removed = f" REMOVE {', '.join(f'#{name}' for name in remove)}" if remove else ""
        update: dict[str, Any] = {
            "TableName": self.name,
            "Key": _key(key),
            "UpdateExpression": f"SET {', '.join(written)}{removed}",
            "ExpressionAttributeNames": {f"#{name}": name for name in (*new, *(once or ()), *remove)},
            "ExpressionAttributeValues": _typed(
                {f":{name}": value for name, value in (new | (once or {})).items()} | (values or {})
            ),
        }
        if condition:
            update["ConditionExpression"] = condition
        return {"Update": update}  # type: ignore[typeddict-item]  # update grows its optional part above

    def delete_action(self, key: Key, condition: str = "", values: Item | None = None) -> "TransactWriteItemTypeDef":
        """A delete for :meth:`transact`."""
        delete: dict[str, Any] = {"TableName": self.name, "Key": _key(key)}
        if condition:
            delete["ConditionExpression"] = condition
        if values:
            delete["ExpressionAttributeValues"] = _typed(values)
        return {"Delete": delete}  # type: ignore[typeddict-item]  # delete grows its optional parts above

    def check_action(self, key: Key, condition: str, values: Item) -> "TransactWriteItemTypeDef":
        """A condition on an item that is not written, for :meth:`transact`."""
        return {
            "ConditionCheck": {
                "TableName": self.name,
                "Key": _key(key),
                "ConditionExpression": condition,
                "ExpressionAttributeValues": _typed(values),
            }
        }

    def add_action(self, key: Key, attribute: str, number: int) -> "TransactWriteItemTypeDef":
        """An addition to a number, which starts at 0, for :meth:`transact`."""
        update: dict[str, Any] = {
            "TableName": self.name,
            "Key": _key(key),
            "UpdateExpression": "ADD #attribute :number",
            "ExpressionAttributeNames": {"#attribute": attribute},
            "ExpressionAttributeValues": {":number": {"N": str(number)}},
        }
        return {"Update": update}  # type: ignore[typeddict-item]  # update is built as one

    def transact(self, actions: Sequence["TransactWriteItemTypeDef"]) -> None:
        """Write all of `actions` or nothing.

        Raises:
            Conflict: a condition does not hold.
            Busy: someone else writes one of the items at this moment.
        """
        try:
            client().transact_write_items(TransactItems=actions)
        except client().exceptions.TransactionCanceledException as error:
            reasons = {reason.get("Code") for reason in error.response.get("CancellationReasons", [])}
            if "ConditionalCheckFailed" in reasons:
                raise Conflict from None
            if "TransactionConflict" in reasons:
                raise Busy from None
            raise


def _pages(query: dict[str, Any]) -> Iterator["QueryOutputTypeDef"]:
    """All that a query finds, as DynamoDB reads it: 1 MB at a time."""
    while True:
        page = client().query(**query)
        yield page
        if "LastEvaluatedKey" not in page:
            return
        query = query | {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def _partition(table: str, pk: str) -> dict[str, Any]:
    """A query of all items of a partition, in the order of their sort keys."""
    return {
        "TableName": table,
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": pk}},
        "ConsistentRead": True,
    }


def _range(table: str, index: Index, list_id: str, first: str, last: str) -> dict[str, Any]:
    return {
        "TableName": table,
        "IndexName": index.name,
        "KeyConditionExpression": f"{index.partition_key} = :list AND {index.sort_key} BETWEEN :first AND :last",
        "ExpressionAttributeValues": {":list": {"S": list_id}, ":first": {"S": first}, ":last": {"S": last}},
    }


def plain(image: Mapping[str, Any]) -> Item:
    """An item, or a stream record's image, from DynamoDB's typed form to Python values.

    Nearly all of them are strings, which need no look at the other types.
    """
    return {name: value["S"] if "S" in value else _deserialize(value) for name, value in image.items()}


def moment(item: Item, name: str) -> datetime | None:
    """A time among the attributes of an item, as :func:`ocpi.store.keys.sortable` writes it; None if absent."""
    return datetime.fromisoformat(item[name]) if name in item else None


def _typed(item: Item) -> dict[str, Any]:
    return {name: _serialize(value) for name, value in item.items()}


def _key(key: Key) -> dict[str, Any]:
    return {"pk": {"S": key[0]}, "sk": {"S": key[1]}}
