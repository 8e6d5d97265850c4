"""The queue that wakes us at the deadline of a request."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

import boto3
from pydantic import BaseModel, ConfigDict

from ocpi import clock

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

LONGEST_DELAY = timedelta(seconds=900)
"""What SQS holds a message back at most; one that comes early is sent again."""

SOONEST = timedelta(seconds=1)
"""A message is sent before its request is stored: it must not come first."""


class Deadline(BaseModel):
    """On the timeouts queue: look whether this request is overdue."""

    model_config = ConfigDict(frozen=True)

    request_id: str


@dataclass(frozen=True)
class Deadlines:
    """The timeouts queue, by its URL."""

    url: str

    def wake(self, request_id: str, at: datetime) -> None:
        """Let the request be looked at then, or in 15 minutes if that is sooner; never within the next second."""
        delay = min(max(at - clock.now(), SOONEST), LONGEST_DELAY)
        _client().send_message(
            QueueUrl=self.url,
            MessageBody=Deadline(request_id=request_id).model_dump_json(),
            DelaySeconds=math.ceil(delay.total_seconds()),
        )


@cache
def _client() -> "SQSClient":
    return boto3.client("sqs")
