"""The asynchronous side in process: table changes and queue messages carried to our handlers as AWS does it."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any
from uuid import uuid4

import boto3

ROUNDS = 50
TIMEOUT_S = 60.0
"""Of the push function."""

STREAMED = ("objects", "sites")


class Context:
    """What Lambda tells a function that has just begun."""

    def get_remaining_time_in_millis(self) -> int:
        """As if no time passed."""
        return int(TIMEOUT_S * 1000)


class Loop:
    """Carries stream records and queue messages to their functions until nothing is left."""

    def __init__(self) -> None:
        self._dynamodb = boto3.client("dynamodb")
        self._sqs = boto3.client("sqs")
        self._images = {table: self._scan(table) for table in STREAMED}

    def run(self) -> None:
        """Carry everything, until the platform is quiet."""
        for _ in range(ROUNDS):
            if not (self._carry_streams() or self._carry("optimize.fifo", "optimizer.handlers") or self._carry_push()):
                return
        raise AssertionError("the platform does not come to rest")

    def plan(self) -> None:
        """Let the scheduler fire, and carry what follows."""
        import_module("optimizer.schedule").handler({}, None)
        self.run()

    def _carry_push(self) -> bool:
        return self._carry("push.fifo", "push.app")

    def _carry_streams(self) -> bool:
        """Deliver what has changed since the last look; moto has no streams of its own."""
        records = [record for table in STREAMED for record in self._changes(table)]
        if records:
            import_module("outbox.app").handler({"Records": records}, None)
        return bool(records)

    def _changes(self, table: str) -> Iterator[dict[str, Any]]:
        before, after = self._images[table], self._scan(table)
        self._images[table] = after
        for key in before.keys() | after.keys():
            images = {"OldImage": before.get(key), "NewImage": after.get(key)}
            if images["OldImage"] != images["NewImage"]:
                present = {name: image for name, image in images.items() if image}
                yield {"eventID": uuid4().hex, "dynamodb": present}

    def _scan(self, table: str) -> dict[tuple[str, str], dict[str, Any]]:
        items = self._dynamodb.scan(TableName=table)["Items"]
        return {(item["pk"]["S"], item["sk"]["S"]): item for item in items}

    def _carry(self, queue: str, module: str) -> bool:
        carried = False
        for event in self._messages(queue):
            carried = True
            import_module(module).handler(event, Context())
        return carried

    def _messages(self, queue: str) -> Iterator[dict[str, Any]]:
        """Messages one at a time, as events; one is deleted once its function has succeeded."""
        url = self._sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        while True:
            answer = self._sqs.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=1,
                AttributeNames=["SentTimestamp", "MessageGroupId", "ApproximateReceiveCount"],
            )
            if not answer.get("Messages"):
                return
            (message,) = answer["Messages"]
            yield {
                "Records": [
                    {
                        "messageId": message["MessageId"],
                        "body": message["Body"],
                        "attributes": message["Attributes"],
                        "eventSource": "aws:sqs",
                    }
                ]
            }
            self._sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
