"""DynamoDB in memory: the client as the store uses it, a hundred times as fast as moto, with a stream of changes.

It knows just the operations and expressions that ``ocpi.store`` uses and refuses all others; the store's contract tests
hold on it as they do on moto and on the local AWS.
"""

import operator
import re
from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from itertools import count
from types import SimpleNamespace
from typing import Any

from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import ClientError

type Typed = dict[str, Any]
"""An item as DynamoDB has it: ``{"pk": {"S": "…"}}``."""

type Key = tuple[str, str]
type OnChange = Callable[[str, Typed], None]
"""Is told the name of the table and the stream record of each change."""

PAGE_BYTES = 2**20
"""What one query reads at most."""

INDEXES = {
    "by_owner": ("owner_list", {"document"}),
    "by_owner_keys": ("owner_list", set[str]()),
    "by_audience": ("audience_list", {"document"}),
    "by_audience_keys": ("audience_list", set[str]()),
}
"""The indexes of the objects table: the partition key, and what is projected beside the keys."""

POSITION = "list_position"
"""The sort key of all of them."""


_deserialize = TypeDeserializer().deserialize


class ConditionalCheckFailedException(ClientError):
    pass


class TransactionConflictException(ClientError):
    pass


class TransactionCanceledException(ClientError):
    pass


_ERRORS: dict[str, type[ClientError]] = {
    error.__name__: error
    for error in (ConditionalCheckFailedException, TransactionConflictException, TransactionCanceledException)
}


class MemoryDynamoDB:
    """Tables spring into being when they are used first.

    Args:
        on_change: hears of every change, in the order of their writing.
    """

    exceptions = SimpleNamespace(**_ERRORS)

    def __init__(self, on_change: OnChange = lambda table, record: None) -> None:
        self._tables: dict[str, _Table] = defaultdict(_Table)
        self._on_change = on_change
        self._numbers = count(1)
        self._hooks: dict[str, Callable[..., Any]] = {}
        events = SimpleNamespace(register=self._hooks.__setitem__, unregister=lambda name, _: self._hooks.pop(name))
        self.meta = SimpleNamespace(events=events)

    def items(self, table: str) -> list[Typed]:
        """All items of a table."""
        return list(self._tables[table].items.values())

    def get_item(self, *, TableName: str, Key: Typed, ConsistentRead: bool) -> dict[str, Any]:  # noqa: N803 - as boto3 names them
        """One item; always consistent."""
        assert ConsistentRead
        item = self._tables[TableName].items.get(_key(Key))
        return {"Item": item} if item else {}

    def batch_get_item(self, *, RequestItems: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N803 - as boto3 names them
        """Items of several keys."""
        found = {
            name: [item for key in asked["Keys"] if (item := self._tables[name].items.get(_key(key)))]
            for name, asked in RequestItems.items()
        }
        return {"Responses": found, "UnprocessedKeys": {}}

    def put_item(self, *, ReturnValues: str = "", **put: Any) -> dict[str, Any]:  # noqa: N803 - as boto3 names them
        """Write an item whole."""
        self._meet("PutItem")
        (old,) = self._write([("Put", put)])
        return {"Attributes": old} if old and ReturnValues == "ALL_OLD" else {}

    def update_item(self, **update: Any) -> None:
        """Write some attributes."""
        self._write([("Update", update)])

    def delete_item(self, **delete: Any) -> None:
        """Remove an item."""
        self._meet("DeleteItem")
        self._write([("Delete", delete)])

    def transact_write_items(self, *, TransactItems: Iterable[Mapping[str, Any]]) -> None:  # noqa: N803 - as boto3 names them
        """Write all or nothing."""
        self._meet("TransactWriteItems")
        actions = [action for each in TransactItems for action in each.items()]
        failed = [not self._holds(action) for _, action in actions]
        if any(failed):
            reasons = [{"Code": "ConditionalCheckFailed" if each else "None"} for each in failed]
            raise _error("TransactionCanceledException", CancellationReasons=reasons)
        self._write(actions)

    def query(self, *, TableName: str, KeyConditionExpression: str, **query: Any) -> dict[str, Any]:  # noqa: N803 - as boto3 names them
        """A partition of the table, or a stretch of one of an index."""
        table, values = self._tables[TableName], query.pop("ExpressionAttributeValues")
        index, limit = query.pop("IndexName", None), query.pop("Limit", None)
        newest_first, start = not query.pop("ScanIndexForward", True), query.pop("ExclusiveStartKey", None)
        read, select = query.pop("ProjectionExpression", None), query.pop("Select", None)
        assert query.pop("ConsistentRead", False) is (index is None)
        assert not query, f"unknown parts of a query: {query}"
        if index is None:
            between = "pk = :pk AND sk BETWEEN :first AND :last"
            assert KeyConditionExpression in ("pk = :pk", "pk = :pk AND sk <= :up_to", between)
            lowest = values.get(":first", {"S": ""})["S"]
            highest = (values.get(":last") or values.get(":up_to") or {"S": "\U0010ffff"})["S"]
            keys = [(values[":pk"]["S"], sk) for sk in table.partitions[values[":pk"]["S"]] if lowest <= sk <= highest]
        else:
            partition_key, projected = INDEXES[index]
            assert KeyConditionExpression == f"{partition_key} = :list AND {POSITION} BETWEEN :first AND :last"
            visible = {"pk", "sk", partition_key, POSITION} | projected
            assert set((read or "pk").split(", ")) <= visible, f"{read} is not projected into {index}"
            stretch = table.indexes[partition_key, values[":list"]["S"]]
            first = bisect_left(stretch, (values[":first"]["S"],))
            keys = [key for _, key in stretch[first : bisect_right(stretch, (values[":last"]["S"], ("\uffff", "")))]]
        if newest_first:
            keys.reverse()
        if start:
            keys = keys[keys.index(_key(start)) + 1 :]
        found = _page(table, keys, limit)
        answer: dict[str, Any] = {"Count": len(found)}
        if len(found) < len(keys):
            answer["LastEvaluatedKey"] = {name: found[-1][name] for name in ("pk", "sk")}
        if select == "COUNT":
            return answer
        names = read.split(", ") if read else None
        shown = [{name: item[name] for name in names if name in item} for item in found] if names else found
        return answer | {"Items": shown}

    def _write(self, actions: list[tuple[str, dict[str, Any]]]) -> list[Typed | None]:
        """Write, if every condition holds; returns what was there before."""
        if not all(self._holds(action) for _, action in actions):
            raise _error("ConditionalCheckFailedException")
        replaced = []
        for kind, action in actions:
            if kind == "ConditionCheck":
                continue
            name = action["TableName"]
            key = _key(action["Item"] if kind == "Put" else action["Key"])
            old = self._tables[name].items.get(key)
            new = {"Put": _put, "Update": _updated, "Delete": _deleted}[kind](action, old)
            self._tables[name].replace(key, old, new)
            replaced.append(old)
            images = {"OldImage": old, "NewImage": new}
            present = {name: image for name, image in images.items() if image}
            if old != new:
                self._on_change(name, {"eventID": str(next(self._numbers)), "dynamodb": present})
        return replaced

    def _holds(self, action: dict[str, Any]) -> bool:
        expression = action.get("ConditionExpression")
        if not expression:
            return True
        item = self._tables[action["TableName"]].items.get(_key(action.get("Item") or action["Key"])) or {}
        values = action.get("ExpressionAttributeValues", {})
        return any(_true(term, item, values) for term in expression.split(" OR "))

    def _meet(self, operation: str) -> None:
        """Whatever a test has registered for this operation (``tests.conflicts``)."""
        met = self._hooks.get(f"before-call.dynamodb.{operation}", lambda: None)()
        if met:
            raise _error(met[1]["Error"]["Code"], **met[1])


class _Table:
    """The items of a table, and in which order they are found."""

    def __init__(self) -> None:
        self.items: dict[Key, Typed] = {}
        self.partitions: dict[str, list[str]] = defaultdict(list)
        self.indexes: dict[tuple[str, str], list[tuple[str, Key]]] = defaultdict(list)

    def replace(self, key: Key, old: Typed | None, new: Typed | None) -> None:
        pk, sk = key
        if old is None and new is not None:
            insort(self.partitions[pk], sk)
        if old is not None and new is None:
            self.partitions[pk].remove(sk)
        for place in _places(old):
            self.indexes[place].remove((_text(old, POSITION), key))
        for place in _places(new):
            insort(self.indexes[place], (_text(new, POSITION), key))
        if new is None:
            self.items.pop(key, None)
        else:
            self.items[key] = new


def _places(item: Typed | None) -> list[tuple[str, str]]:
    """The index partitions that an item stands in."""
    if item is None or POSITION not in item:
        return []
    return [(name, item[name]["S"]) for name in ("owner_list", "audience_list") if name in item]


def _page(table: _Table, keys: list[Key], limit: int | None) -> list[Typed]:
    """As many items as one query reads."""
    found: list[Typed] = []
    size = 0
    for key in keys[:limit]:
        item = table.items[key]
        size += sum(len(name) + len(str(next(iter(value.values())))) for name, value in item.items())
        if found and size > PAGE_BYTES:
            break
        found.append(item)
    return found


def _put(action: dict[str, Any], _: Typed | None) -> Typed:
    return dict(action["Item"])


def _deleted(_: dict[str, Any], __: Typed | None) -> None:
    return None


_ASSIGNMENT = re.compile(r"(#\w+) = (?:if_not_exists\(\1, (:\w+)\)|(:\w+))")


def _updated(action: dict[str, Any], old: Typed | None) -> Typed:
    """``SET #a = :a, #b = if_not_exists(#b, :b) REMOVE #c, #d``, or ``ADD #a :number``."""
    names, values = action["ExpressionAttributeNames"], action["ExpressionAttributeValues"]
    item = dict(old or action["Key"])
    expression = action["UpdateExpression"]
    if expression == "ADD #attribute :number":
        name = names["#attribute"]
        number = Decimal(item.get(name, {"N": "0"})["N"]) + Decimal(values[":number"]["N"])
        return item | {name: {"N": str(number)}}
    verb, _, rest = expression.partition(" ")
    assigned, _, removed = rest.partition(" REMOVE ")
    assert verb == "SET", f"unknown update: {expression}"
    for assignment in assigned.split(", #"):
        found = _ASSIGNMENT.fullmatch(f"#{assignment.removeprefix('#')}")
        assert found, f"unknown assignment: {assignment}"
        name, once, value = names[found[1]], found[2], found[3]
        item[name] = item.get(name, values[once]) if once else values[value]
    for name in filter(None, removed.split(", ")):
        item.pop(names[name], None)
    return item


_FUNCTION = re.compile(r"attribute_(not_)?exists\((\w+)\)")
_COMPARISON = re.compile(r"(\w+) (=|<=|<) (:\w+)")
_OPERATORS = {"=": operator.eq, "<=": operator.le, "<": operator.lt}


def _true(term: str, item: Typed, values: Typed) -> bool:
    """One term of a condition; a comparison with what is not there does not hold."""
    if found := _FUNCTION.fullmatch(term):
        return (found[2] in item) is not bool(found[1])
    compared = _COMPARISON.fullmatch(term)
    assert compared, f"unknown condition: {term}"
    name, sign, value = compared.groups()
    if name not in item:
        return False
    return bool(_OPERATORS[sign](_deserialize(item[name]), _deserialize(values[value])))


def _error(code: str, **more: Any) -> ClientError:
    return _ERRORS[code]({"Error": {"Code": code}, **more}, "")  # type: ignore[typeddict-item]  # of a test double


def _key(item: Typed) -> Key:
    return item["pk"]["S"], item["sk"]["S"]


def _text(item: Typed | None, name: str) -> str:
    assert item
    return str(item[name]["S"])
