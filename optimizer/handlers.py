"""Lambda handler of the optimize queue: one message, one site."""

import time
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import ValidationError

from ocpi.logs import logger
from ocpi.push.messages import SiteMessage
from ocpi.push.queue import FifoQueue
from ocpi.store.histories import Histories
from ocpi.store.ledgers import Ledgers
from ocpi.store.objects import Objects
from ocpi.store.series import SeriesStore
from ocpi.store.sites import Sites
from optimizer.recording.recorder import Recorder
from optimizer.run import Runner
from optimizer.settings import OptimizeSettings
from optimizer.turns import Turns

settings = OptimizeSettings.load()
sites = Sites(settings.sites_table)
objects = Objects(settings.objects_table)
turns = Turns(
    leases=sites.leases,
    runner=Runner(
        sites,
        Histories(settings.sites_table),
        SeriesStore(settings.sites_table),
        objects,
        FifoQueue(settings.push_queue_url),
        Recorder(Ledgers(settings.sites_table), objects),
    ),
    queue=FifoQueue(settings.optimize_queue_url),
    rest_s=settings.rest_seconds,
)


def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Look at the site of each message; the queue delivers one message at a time (BatchSize 1).

    Only what DynamoDB or SQS did not do is raised: the message comes again.
    """
    for record in event["Records"]:
        try:
            message = SiteMessage.model_validate_json(record["body"])
        except ValidationError:
            logger.exception("no message of ours", body=record["body"])
            continue
        sent_ms = record.get("attributes", {}).get("SentTimestamp")  # who calls it by hand has none
        sent_at = int(sent_ms) / 1000 if sent_ms else time.time()
        outcome = turns.look(message, sent_at, lambda: context.get_remaining_time_in_millis() / 1000)
        logger.info("optimize", site_id=message.site_id, reason=message.reason, outcome=outcome)
