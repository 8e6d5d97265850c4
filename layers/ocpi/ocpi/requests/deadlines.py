"""The queue that wakes us at the deadline of a request."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict

from ocpi.push.queue import LONGEST_DELAY, DelayQueue
from ocpi.store.requests import Request, Requests

__all__ = ["LONGEST_DELAY", "LONGEST_RUN", "Deadline", "Deadlines"]

LONGEST_RUN = timedelta(seconds=30)
"""No function that handles requests runs longer: what it has not done by then, it never will."""


class Deadline(BaseModel):
    """On the timeouts queue: look whether this request is overdue."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["deadline"] = "deadline"
    request_id: str


@dataclass(frozen=True)
class Deadlines:
    """The timeouts queue, by its URL."""

    url: str

    def wake(self, request_id: str, at: datetime) -> None:
        """Let the request be looked at then, or in 15 minutes if that is sooner; never within the next second."""
        DelayQueue(self.url).send(Deadline(request_id=request_id), at)

    def keep(self, requests: Requests, request: Request, keep_until: datetime | None = None) -> None:
        """Store a new request, which will end whatever becomes of us.

        We are woken at its deadline, and once more when whoever stores it has done so or died: the first message may
        come before there is anything to be found.

        Args:
            requests: where it is stored.
            request: the new request.
            keep_until: see :meth:`Requests.add`.
        """
        for at in sorted({request.deadline, max(request.deadline, request.created + LONGEST_RUN)}):
            self.wake(request.id, at)
        requests.add(request, keep_until)
