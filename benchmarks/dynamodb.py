"""A DynamoDB in memory, behind botocore's transport, that counts what DynamoDB would bill.

It knows what the platform's store asks of it and refuses anything else. Conditions of writes are taken to hold.
Item sizes and request units are reckoned as AWS documents them ("Read and write operations" in the developer guide).
"""

import math
import re
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from io import BytesIO
from typing import Any, NamedTuple

import orjson
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders

from benchmarks.subject import Reads

type Item = dict[str, dict[str, str]]
"""An item in DynamoDB's typed form; strings and numbers only."""

UNIT_BYTES = 4096
"""What one read request unit reads, strongly consistent; eventually consistent it reads twice as much."""

PAGE_BYTES = 1024 * 1024
"""What one Query reads at most."""

_CONDITION = re.compile(r"(\w+) = (:\w+)(?: AND (\w+) (?:BETWEEN (:\w+) AND (:\w+)|(>=|<) (:\w+)))?")
_ADD = re.compile(r"ADD (\w+) (:\w+)")
_LEAST, _GREATEST = "", chr(0x10FFFF)


class Index(NamedTuple):
    """A table, or a secondary index of it: its two keys, and what it projects beside all keys."""

    partition: str
    sort: str
    projects: Sequence[str] | None = None
    """None for all attributes."""


class Partition:
    """Items in the order of their sort keys."""

    def __init__(self) -> None:
        self.positions: list[str] = []
        self.items: list[Item] = []

    def put(self, position: str, item: Item) -> None:
        """Add an item, or replace the one at its position."""
        place = bisect_left(self.positions, position)
        if self.positions[place : place + 1] == [position]:
            self.items[place] = item
            return
        self.positions.insert(place, position)
        self.items.insert(place, item)

    def remove(self, position: str) -> Item | None:
        """Take out the item at a position, if there is one."""
        place = bisect_left(self.positions, position)
        if self.positions[place : place + 1] != [position]:
            return None
        del self.positions[place]
        return self.items.pop(place)

    def between(self, first: str, last: str) -> Iterator[Item]:
        """The items from the position `first` to `last`, both included."""
        for place in range(bisect_left(self.positions, first), len(self.positions)):
            if self.positions[place] > last:
                return
            yield self.items[place]


class Table:
    """A table with its indexes, by their names; the table itself is the index without a name."""

    def __init__(self, indexes: Mapping[str, Index]) -> None:
        self.indexes = {"": Index("pk", "sk"), **indexes}
        self._partitions: dict[tuple[str, str], Partition] = defaultdict(Partition)

    def partition(self, index: str, key: str) -> Partition:
        """What stands under a partition key."""
        return self._partitions[index, key]

    def put(self, item: Item) -> Item | None:
        """Write an item, and return the one it replaced."""
        replaced = self.delete(item)
        for name, index in self.indexes.items():
            if index.partition in item:
                self.partition(name, item[index.partition]["S"]).put(item[index.sort]["S"], item)
        return replaced

    def delete(self, key: Item) -> Item | None:
        """Remove the item with this primary key, and return it."""
        known = self.partition("", key["pk"]["S"]).remove(key["sk"]["S"])
        for name, index in self.indexes.items():
            if known and index.partition in known:
                self.partition(name, known[index.partition]["S"]).remove(known[index.sort]["S"])
        return known

    def get(self, key: Item) -> Item | None:
        """The item with this primary key."""
        return next(self.partition("", key["pk"]["S"]).between(key["sk"]["S"], key["sk"]["S"]), None)

    def all(self) -> list[Item]:
        """Every item."""
        return [item for (name, _), part in self._partitions.items() if not name for item in part.items]

    def projected(self, index: str, item: Item) -> Item:
        """What an index holds of an item: all keys, and what it projects."""
        projects = self.indexes[index].projects
        if projects is None:
            return item
        kept = {"pk", "sk", self.indexes[index].partition, self.indexes[index].sort, *projects}
        return {name: value for name, value in item.items() if name in kept}


class DynamoDB:
    """Answers botocore's requests; register :meth:`answer` for ``before-send.dynamodb``.

    Args:
        tables: by their names.
    """

    def __init__(self, tables: Mapping[str, Table]) -> None:
        self._tables = tables
        self._operations: dict[str, Callable[[Any], object]] = {
            "GetItem": self._get,
            "Query": self._query,
            "PutItem": self._put,
            "UpdateItem": self._update,
            "DeleteItem": self._delete,
            "TransactWriteItems": self._transact,
        }
        self._units = 0.0
        self._items = 0
        self.spent_s = 0.0
        """CPU seconds spent in here."""

    @property
    def reads(self) -> Reads:
        """What was read so far."""
        return Reads(self._units, self._items)

    def answer(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        """Answer one request in the place of the network."""
        started = time.process_time()
        target = request.headers["X-Amz-Target"]
        operation = (target.decode() if isinstance(target, bytes) else target).rpartition(".")[2]
        response = json_answer(request, self._operations[operation](orjson.loads(_body(request))))
        self.spent_s += time.process_time() - started
        return response

    def _get(self, asked: dict[str, Any]) -> object:
        item = self._tables[asked["TableName"]].get(asked["Key"])
        self._bill(_size(item) if item else 0, 1 if item else 0, consistent=asked.get("ConsistentRead", False))
        return {"Item": item} if item else {}

    def _query(self, asked: dict[str, Any]) -> object:
        table, index = self._tables[asked["TableName"]], asked.get("IndexName", "")
        read: list[Item] = []
        size, stopped = 0, False
        for item in _selected(table, index, asked):
            if len(read) == asked.get("Limit") or size > PAGE_BYTES:
                stopped = True
                break
            read.append(table.projected(index, item))
            size += _size(read[-1])
        self._bill(size, len(read), consistent=asked.get("ConsistentRead", False))
        answer: dict[str, object] = {"Count": len(read), "ScannedCount": len(read)}
        if asked.get("Select") != "COUNT":
            answer["Items"] = [_named(item, asked) for item in read]
        if stopped:
            keys = {"pk", "sk", table.indexes[index].partition, table.indexes[index].sort}
            answer["LastEvaluatedKey"] = {name: read[-1][name] for name in keys}
        return answer

    def _put(self, asked: dict[str, Any]) -> object:
        replaced = self._tables[asked["TableName"]].put(asked["Item"])
        return {"Attributes": replaced} if replaced and asked.get("ReturnValues") == "ALL_OLD" else {}

    def _update(self, asked: dict[str, Any]) -> object:
        table, values = self._tables[asked["TableName"]], asked["ExpressionAttributeValues"]
        name, value = _parsed(_ADD, _spelled_out(asked["UpdateExpression"], asked))
        item = table.get(asked["Key"]) or asked["Key"]
        number = int(item.get(name, {"N": "0"})["N"]) + int(values[value]["N"])
        table.put({**item, name: {"N": str(number)}})
        return {}

    def _delete(self, asked: dict[str, Any]) -> object:
        self._tables[asked["TableName"]].delete(asked["Key"])
        return {}

    def _transact(self, asked: dict[str, Any]) -> object:
        actions = {"Put": self._put, "Update": self._update, "Delete": self._delete}
        for action in asked["TransactItems"]:
            ((kind, parameters),) = action.items()
            actions[kind](parameters)
        return {}

    def _bill(self, size: int, items: int, *, consistent: bool) -> None:
        units = max(1, math.ceil(size / UNIT_BYTES))
        self._units += units if consistent else units / 2
        self._items += items


def json_answer(request: AWSPreparedRequest, document: object) -> AWSResponse:
    """A JSON document as botocore's transport would bring it."""
    raw = BytesIO(orjson.dumps(document))
    raw.stream = lambda **_: iter([raw.getvalue()])  # type: ignore[attr-defined]  # as urllib3 has it
    return AWSResponse(str(request.url), 200, HTTPHeaders(), raw)


def _body(request: AWSPreparedRequest) -> bytes | str:
    assert isinstance(request.body, bytes | str)
    return request.body


def _selected(table: Table, index: str, asked: dict[str, Any]) -> Iterator[Item]:
    """The items that a key condition selects, behind the exclusive start key."""
    if not asked.get("ScanIndexForward", True) or "FilterExpression" in asked:
        raise NotImplementedError("a Query that goes backwards or filters")
    values, (partition_key, sort_key, _) = asked["ExpressionAttributeValues"], table.indexes[index]
    condition = _spelled_out(asked["KeyConditionExpression"], asked)
    partition, key, sort, low, high, compared, bound = _parsed(_CONDITION, condition)
    if partition != partition_key or sort not in (None, sort_key):
        raise ValueError(f"{condition} does not name the keys of {index or 'the table'}")
    first = values[low or bound]["S"] if low or compared == ">=" else _LEAST
    last = values[high]["S"] if high else _GREATEST
    before = values[bound]["S"] if compared == "<" else None
    start = asked.get("ExclusiveStartKey")
    after = start[sort_key]["S"] if start else None
    for item in table.partition(index, values[key]["S"]).between(max(first, after or _LEAST), last):
        position = item[sort_key]["S"]
        if before is not None and position >= before:
            return
        if position != after:
            yield item


def _named(item: Item, asked: dict[str, Any]) -> Item:
    """What the projection expression names of an item."""
    if "ProjectionExpression" not in asked:
        return item
    names = _spelled_out(asked["ProjectionExpression"], asked).replace(" ", "").split(",")
    return {name: item[name] for name in names if name in item}


def _spelled_out(expression: str, asked: dict[str, Any]) -> str:
    """An expression with its placeholders of attribute names resolved."""
    names = asked.get("ExpressionAttributeNames", {})
    return re.sub(r"#\w+", lambda placeholder: str(names[placeholder.group()]), expression)


def _parsed(pattern: re.Pattern[str], expression: str) -> Sequence[Any]:
    match = pattern.fullmatch(expression)
    if match is None:
        raise NotImplementedError(f"the expression {expression}")
    return match.groups()


def _size(item: Item) -> int:
    """The bytes of an item: names and values in UTF-8; a number of n digits takes about n / 2 + 1."""
    return sum(len(name) + _value_size(value) for name, value in item.items())


def _value_size(value: Mapping[str, str]) -> int:
    ((kind, text),) = value.items()
    return len(text.encode()) if kind == "S" else len(text) // 2 + 1
