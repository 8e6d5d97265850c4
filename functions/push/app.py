"""Lambda handler of the push queue."""

from typing import Any

from ocpi.logs import logger
from ocpi.parties.calling import Calling
from ocpi.parties.own import OwnPlatform
from ocpi.parties.secrets import Safe
from ocpi.push.deliveries import Deliveries
from ocpi.push.messages import ObjectMessage, ProfileMessage, push_message
from ocpi.store.keys import ObjectId
from ocpi.store.objects import Objects
from ocpi.store.partners import Partners
from ocpi.store.sites import Sites
from ocpi.transport.client import PartnerUnreachable
from ocpi.types.versions import ModuleID
from push.objects import NotDelivered, ObjectSender
from push.profiles import ProfileSender
from push.settings import Settings

settings = Settings.load()
partners = Partners(settings.partners_table)
objects = Objects(settings.objects_table)
calling = Calling(Safe(settings.token_key_id), settings.allow_private_partners, objects)
profile_sender = ProfileSender(
    own=OwnPlatform(settings.public_base_url, settings.roles),
    partners=partners,
    sites=Sites(settings.sites_table),
    calling=calling,
)
object_sender = ObjectSender(partners, objects, Deliveries(settings.partners_table), calling)


def handler(event: dict[str, Any], _context: object) -> None:
    """Send what each message points at; the queue delivers one message at a time (BatchSize 1)."""
    for record in event["Records"]:
        message = push_message.validate_json(record["body"])
        match message:
            case ProfileMessage():
                outcome = profile_sender.send(message)
                logger.info("push", partner_id=message.partner_id, session_id=message.session_id, outcome=outcome)
            case ObjectMessage():
                _send_object(message)


def _send_object(message: ObjectMessage) -> None:
    partner_id, module, named = message.partner_id, message.module, _named(message.object_id)
    try:
        outcome = object_sender.send(message)
    except (NotDelivered, PartnerUnreachable) as error:
        logger.warning("not pushed", partner_id=partner_id, ocpi_module=module, object=named, reason=str(error))
        return
    logger.info("push", partner_id=partner_id, ocpi_module=module, object=named, outcome=outcome)


def _named(object_id: ObjectId) -> str:
    """An object, for the log: of a Token only whose it is, since who knows its uid may copy the card."""
    return object_id.owner_list if object_id.module is ModuleID.TOKENS else object_id.text
