"""The DynamoDB in memory reads, and bills, as DynamoDB does."""

import json
from typing import Any

import pytest
from botocore.awsrequest import AWSRequest

from benchmarks.dynamodb import DynamoDB, Index, Table
from benchmarks.subject import Reads

KILOBYTE = "x" * 1024


def ask(store: DynamoDB, operation: str, **parameters: Any) -> Any:
    headers = {"X-Amz-Target": f"DynamoDB_20120810.{operation}"}
    request = AWSRequest("POST", "https://dynamodb", headers=headers, data=json.dumps({"TableName": "t", **parameters}))
    return json.loads(store.answer(request.prepare()).content)


@pytest.fixture
def store() -> DynamoDB:
    """A list of nine items of 1 kB."""
    table = Table({"by_list": Index("list", "position", ["text"]), "by_list_keys": Index("list", "position", [])})
    for number in range(9):
        texts = {"pk": f"OBJECT#{number}", "sk": "OBJECT", "list": "all", "position": str(number), "text": KILOBYTE}
        table.put({name: {"S": text} for name, text in texts.items()})
    return DynamoDB({"t": table})


def query(store: DynamoDB, condition: str = "list = :l", **parameters: Any) -> Any:
    values = {":l": "all", ":a": "2", ":b": "5"}
    return ask(
        store,
        "Query",
        **{
            "IndexName": "by_list",
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": {name: {"S": value} for name, value in values.items() if name in condition},
            **parameters,
        },
    )


def positions(answer: Any) -> str:
    return "".join(item["position"]["S"] for item in answer["Items"])


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("list = :l", "012345678"),
        ("list = :l AND position BETWEEN :a AND :b", "2345"),
        ("list = :l AND position >= :a", "2345678"),
        ("list = :l AND position < :b", "01234"),
    ],
)
def test_a_query_finds_what_its_condition_says(store: DynamoDB, condition: str, found: str) -> None:
    assert positions(query(store, condition)) == found


def test_a_limited_query_tells_where_the_next_begins(store: DynamoDB) -> None:
    page = query(store, Limit=4)
    assert positions(page) == "0123"
    assert positions(query(store, Limit=5, ExclusiveStartKey=page["LastEvaluatedKey"])) == "45678"
    assert "LastEvaluatedKey" not in query(store, Limit=9)


def test_a_query_names_the_attributes_it_wants(store: DynamoDB) -> None:
    parameters: dict[str, Any] = {"ProjectionExpression": "#p, sk", "ExpressionAttributeNames": {"#p": "position"}}
    assert query(store, Limit=1, **parameters)["Items"] == [{"position": {"S": "0"}, "sk": {"S": "OBJECT"}}]


def test_an_eventually_consistent_query_costs_half_a_unit_for_each_started_4_kb(store: DynamoDB) -> None:
    query(store, Limit=3)
    assert store.reads == Reads(0.5, 3)
    query(store, Limit=4)
    assert store.reads == Reads(0.5 + 1, 7)


def test_counting_reads_the_keys_only(store: DynamoDB) -> None:
    answer = query(store, IndexName="by_list_keys", Select="COUNT")
    assert answer == {"Count": 9, "ScannedCount": 9}
    assert store.reads == Reads(0.5, 9)


def test_a_consistent_get_costs_a_unit_for_each_started_4_kb(store: DynamoDB) -> None:
    key = {"pk": {"S": "OBJECT#3"}, "sk": {"S": "OBJECT"}}
    assert ask(store, "GetItem", Key=key, ConsistentRead=True)["Item"]["position"] == {"S": "3"}
    assert store.reads == Reads(1, 1)


def test_writes_replace_move_and_remove_items(store: DynamoDB) -> None:
    key = {"pk": {"S": "OBJECT#3"}, "sk": {"S": "OBJECT"}}
    moved = key | {"list": {"S": "all"}, "position": {"S": "9"}}
    replaced = ask(store, "PutItem", Item=moved, ReturnValues="ALL_OLD")["Attributes"]
    assert replaced["position"] == {"S": "3"}
    assert positions(query(store)) == "012456789"
    ask(store, "TransactWriteItems", TransactItems=[{"Delete": {"TableName": "t", "Key": key}}])
    assert positions(query(store)) == "01245678"


@pytest.mark.parametrize("number", ["3", "-1"])
def test_a_number_is_added_to(store: DynamoDB, number: str) -> None:
    key = {"pk": {"S": "COUNT"}, "sk": {"S": "0"}}
    addition = {"UpdateExpression": "ADD #n :n", "ExpressionAttributeNames": {"#n": "objects"}}
    for _ in range(2):
        ask(store, "UpdateItem", Key=key, **addition, ExpressionAttributeValues={":n": {"N": number}})
    assert ask(store, "GetItem", Key=key)["Item"]["objects"] == {"N": str(int(number) * 2)}


def test_what_it_does_not_know_it_refuses(store: DynamoDB) -> None:
    with pytest.raises(NotImplementedError, match="begins_with"):
        query(store, "list = :l AND begins_with(position, :a)")
    with pytest.raises(ValueError, match="does not name the keys"):
        query(store, "pk = :l")
    with pytest.raises(KeyError):
        ask(store, "Scan")
