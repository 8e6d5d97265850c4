"""Queues: FIFO ones, whose groups are handled in parallel and each in order; and one for messages that come later."""

import math
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from itertools import batched
from typing import TYPE_CHECKING
from uuid import uuid4

import boto3
from pydantic import BaseModel

from ocpi import clock
from ocpi.aws import LIMITS

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

BATCH = 10
"""What one SendMessageBatch takes."""


LONGEST_DELAY = timedelta(seconds=900)
"""What SQS holds a message back at most; one that comes early is sent again."""

SOONEST = timedelta(seconds=1)
"""A message is sent before what it is about is stored: it must not come first."""


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


class DelayQueue:
    """One standard SQS queue, by its URL, whose messages come later."""

    def __init__(self, url: str) -> None:
        self._url = url

    def send(self, message: BaseModel, at: datetime) -> None:
        """Let a message come then, or in 15 minutes if that is sooner; never within the next second."""
        delay = min(max(at - clock.now(), SOONEST), LONGEST_DELAY)
        _client().send_message(
            QueueUrl=self._url, MessageBody=message.model_dump_json(), DelaySeconds=math.ceil(delay.total_seconds())
        )


@cache
def _client() -> "SQSClient":
    return boto3.client("sqs", config=LIMITS)
