"""Lambda handler of the timeouts queue."""

from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from ocpi.parties.calling import Calling
from ocpi.parties.secrets import Safe
from ocpi.push.messages import Wake
from ocpi.push.queue import FifoQueue
from ocpi.push.waking import Waking
from ocpi.requests.answering import Answering
from ocpi.requests.deadlines import Deadline
from ocpi.store.objects import Objects
from ocpi.store.partners import Partners
from timeouts.settings import Settings

settings = Settings.load()
answering = Answering.of(
    settings.objects_table,
    settings.timeout_queue_url,
    Partners(settings.partners_table),
    Calling(Safe(settings.token_key_id), settings.allow_private_partners, Objects(settings.objects_table)),
)
waking = Waking(settings.deliveries_table, FifoQueue(settings.push_queue_url))

type Delayed = Annotated[Deadline | Wake, Field(discriminator="kind")]

delayed: TypeAdapter[Deadline | Wake] = TypeAdapter(Delayed)
"""Reads what is on the queue."""


def handler(event: dict[str, Any], _context: object) -> None:
    """Look at each request whose time is over, and pass on each wake; one message at a time (BatchSize 1)."""
    for record in event["Records"]:
        message = delayed.validate_json(record["body"])
        match message:
            case Deadline():
                answering.look(message.request_id)
            case Wake():
                waking.wake([message.partner_id])
