"""How the answers of DynamoDB are read."""

import json
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from benchmarks.dynamodb import json_answer
from ocpi.store.table import Table, client

ITEM = {"pk": {"S": "P"}, "sk": {"S": "S"}, "document": {"S": '{"a":"é"}'}, "revision": {"N": "3"}}


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What DynamoDB answers; a client of this test alone gets it."""
    body: dict[str, Any] = {}

    def answer(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        return json_answer(request, body)

    client.cache_clear()
    events: Any = client().meta.events
    events.register("before-send.dynamodb", answer)
    yield body
    client.cache_clear()


def test_an_answer_is_read_as_it_is(answers: dict[str, Any]) -> None:
    # botocore's own parser leaves out what it does not know; if it did the work again, nobody would see but the clock.
    answers |= {"Item": ITEM, "Unheard": json.dumps("of")}
    answer: dict[str, Any] = dict(client().get_item(TableName="t", Key={"pk": {"S": "P"}, "sk": {"S": "S"}}))
    assert answer["Unheard"] == '"of"'
    answers |= {"Items": [ITEM]}
    answer = dict(client().query(TableName="t", KeyConditionExpression="pk = :pk"))
    assert (answer["Items"], answer["Unheard"]) == ([ITEM], '"of"')


def test_an_item_is_read_as_python_values(answers: dict[str, Any]) -> None:
    answers |= {"Item": ITEM}
    assert Table("t").get(("P", "S")) == {"pk": "P", "sk": "S", "document": '{"a":"é"}', "revision": 3}


def test_a_binary_value_is_read_as_bytes(answers: dict[str, Any]) -> None:
    answers |= {"Item": ITEM | {"packed": {"B": "aGk="}}}
    item = Table("t").get(("P", "S"))
    assert item
    assert bytes(item["packed"]) == b"hi"


def test_a_binary_value_inside_another_is_refused_rather_than_misread(answers: dict[str, Any]) -> None:
    answers |= {"Item": ITEM | {"packed": {"L": [{"B": "aGk="}]}}}
    with pytest.raises(TypeError):
        Table("t").get(("P", "S"))
