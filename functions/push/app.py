"""Lambda handler of the push queue."""

from typing import Any

from ocpi.logs import logger
from ocpi.parties.calling import Calling
from ocpi.parties.own import OwnPlatform
from ocpi.parties.secrets import Safe
from ocpi.push.messages import ProfileMessage
from ocpi.store.partners import Partners
from ocpi.store.sites import Sites
from push.profiles import ProfileSender
from push.settings import Settings

settings = Settings.load()
sender = ProfileSender(
    own=OwnPlatform(settings.public_base_url, settings.roles),
    partners=Partners(settings.partners_table),
    sites=Sites(settings.sites_table),
    calling=Calling(Safe(settings.token_key_id), settings.allow_private_partners),
)


def handler(event: dict[str, Any], _context: object) -> None:
    """Send what each message points at; the queue delivers one message at a time (BatchSize 1)."""
    for record in event["Records"]:
        message = ProfileMessage.model_validate_json(record["body"])
        outcome = sender.send(message)
        logger.info("push", partner_id=message.partner_id, session_id=message.session_id, outcome=outcome)
