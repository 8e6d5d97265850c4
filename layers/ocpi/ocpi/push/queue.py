"""FIFO queues: messages of one group are handled one after the other, groups in parallel."""

from collections.abc import Iterable
from functools import cache
from itertools import batched
from typing import TYPE_CHECKING
from uuid import uuid4

import boto3
from pydantic import BaseModel

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

BATCH = 10
"""What one SendMessageBatch takes."""


class NotSent(Exception):
    """The queue did not take all messages; the caller has to try again as a whole."""


class FifoQueue:
    """One SQS FIFO queue, by its URL."""

    def __init__(self, url: str) -> None:
        self._url = url

    def send(self, messages: Iterable[tuple[str, BaseModel]]) -> None:
        """Send messages, each with its group, in order.

        Every message is new to SQS: a pointer sent twice is harmless, one dropped as a duplicate would not be.

        Raises:
            NotSent: the queue refused some of them.
        """
        for batch in batched(messages, BATCH, strict=False):
            answer = _client().send_message_batch(
                QueueUrl=self._url,
                Entries=[
                    {
                        "Id": str(place),
                        "MessageBody": message.model_dump_json(),
                        "MessageGroupId": group,
                        "MessageDeduplicationId": uuid4().hex,
                    }
                    for place, (group, message) in enumerate(batch)
                ],
            )
            if answer.get("Failed"):
                raise NotSent(f"{len(answer['Failed'])} of {len(batch)} messages were refused")


@cache
def _client() -> "SQSClient":
    return boto3.client("sqs")
