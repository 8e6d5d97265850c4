"""Lambda handler of the optimize queue: one message, one site."""

from typing import Any

from ocpi import clock
from ocpi.logs import logger
from ocpi.push.messages import Reason, SiteMessage
from ocpi.push.queue import FifoQueue
from ocpi.store.objects import Objects
from ocpi.store.sites import Sites
from optimizer.run import Runner
from optimizer.settings import OptimizeSettings

settings = OptimizeSettings.load()
runner = Runner(Sites(settings.sites_table), Objects(settings.objects_table), FifoQueue(settings.push_queue_url))


def handler(event: dict[str, Any], _context: object) -> None:
    """Look at the site of each message; the queue delivers one message at a time (BatchSize 1)."""
    for record in event["Records"]:
        message = SiteMessage.model_validate_json(record["body"])
        outcome = runner.run(message.site_id, clock.now(), replan=message.reason is not Reason.PROFILE)
        logger.info("optimize", site_id=message.site_id, reason=message.reason, outcome=outcome)
