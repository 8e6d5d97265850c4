"""Lambda handler of the timeouts queue."""

from typing import Any

from ocpi.parties.calling import Calling
from ocpi.parties.secrets import Safe
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


def handler(event: dict[str, Any], _context: object) -> None:
    """Look at each request that a message points at; the queue delivers one message at a time (BatchSize 1)."""
    for record in event["Records"]:
        answering.look(Deadline.model_validate_json(record["body"]).request_id)
