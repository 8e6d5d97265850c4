"""What comes round: the sweep asks for the lists that are due, and the pull function gets them."""

import json
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import boto3

PULL_QUEUE = "pull.fifo"


@dataclass
class Time:
    """How much time Lambda tells that is left: enough for so many pages."""

    pages: int = 1_000_000
    asked: int = field(default=0, init=False)

    def get_remaining_time_in_millis(self) -> int:
        self.asked += 1
        return 900_000 if self.asked <= self.pages else 100_000


def sweep() -> None:
    """Let the schedule of the sweep fire."""
    import_module("sweep.app").handler({}, None)


def asked_for() -> list[dict[str, Any]]:
    """Take the messages off the pull queue."""
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName=PULL_QUEUE)["QueueUrl"]
    taken = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            taken.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return taken


def pull(message: dict[str, Any], time: Time | None = None) -> None:
    """Hand a message to the pull function, as the queue does."""
    event = {"Records": [{"messageId": "1", "body": json.dumps(message), "eventSource": "aws:sqs"}]}
    import_module("pull.app").handler(event, time or Time())


def go_round() -> list[str]:
    """Sweep, and carry what is on the queue until nothing is left; returns which modules were asked for."""
    sweep()
    modules = []
    while messages := asked_for():
        for message in messages:
            modules.append(message["module"])
            pull(message)
    return modules
