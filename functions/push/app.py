"""Lambda handler of the push queue."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from ocpi.logs import logger
from ocpi.parties.calling import Calling
from ocpi.parties.own import OwnPlatform
from ocpi.parties.secrets import Safe
from ocpi.push.breaker import Breakers
from ocpi.push.deliveries import Deliveries
from ocpi.push.due import DueObjects
from ocpi.push.health import Healths
from ocpi.push.messages import ProfileMessage, Wake, push_message
from ocpi.push.queue import DelayQueue, FifoQueue
from ocpi.push.waking import Waking
from ocpi.store.objects import Objects
from ocpi.store.partners import Partners
from ocpi.store.sites import Sites
from push.objects import ObjectSender
from push.profiles import ProfileSender
from push.rounds import Rounds
from push.settings import Settings

settings = Settings.load()
partners = Partners(settings.partners_table)
objects = Objects(settings.objects_table)
breakers = Breakers(settings.deliveries_table)
push_queue = FifoQueue(settings.push_queue_url)
calling = Calling(Safe(settings.token_key_id), settings.allow_private_partners, objects)
profile_sender = ProfileSender(
    own=OwnPlatform(settings.public_base_url, settings.roles),
    partners=partners,
    sites=Sites(settings.sites_table),
    calling=calling,
    breakers=breakers,
    queue=push_queue,
)
rounds = Rounds(
    partners=partners,
    due=DueObjects(settings.deliveries_table),
    breakers=breakers,
    healths=Healths(settings.deliveries_table),
    sender=ObjectSender(objects, Deliveries(settings.deliveries_table), calling),
    calling=calling,
    waking=Waking(settings.deliveries_table, push_queue),
    later=DelayQueue(settings.timeout_queue_url),
)


def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Do what each message asks for; the queue delivers one message at a time (BatchSize 1)."""

    def time_left() -> float:
        return context.get_remaining_time_in_millis() / 1000

    for record in event["Records"]:
        message = push_message.validate_json(record["body"])
        match message:
            case ProfileMessage():
                outcomes = profile_sender.send(message, time_left)
                logger.info("push", partner_id=message.partner_id, sessions=outcomes)
            case Wake():
                repeated = int(record["attributes"].get("ApproximateReceiveCount", 1)) > 1
                rounds.run(message.partner_id, time_left, repeated=repeated)
