"""Lambda handler of the optimize queue: one message, one site."""

import time
from typing import Any

from ocpi import clock
from ocpi.logs import logger
from ocpi.push.messages import SiteMessage
from ocpi.push.queue import FifoQueue
from ocpi.store.objects import Objects
from ocpi.store.sites import Sites
from optimizer.run import Runner
from optimizer.settings import OptimizeSettings

CLOCK_SKEW_S = 0.05
"""By how much the clocks of the queue and of the function may differ."""

settings = OptimizeSettings.load()
runner = Runner(Sites(settings.sites_table), Objects(settings.objects_table), FifoQueue(settings.push_queue_url))
read_at: dict[tuple[str, bool], float] = {}
"""When the last run of this process read a site, in real seconds since 1970; by site and whether it planned."""


def handler(event: dict[str, Any], _context: object) -> None:
    """Look at the site of each message; the queue delivers one message at a time (BatchSize 1).

    What queued up while a site was being solved is answered by the next run, so the other messages of that time are
    dropped: ten changes make two plans.
    """
    for record in event["Records"]:
        message = SiteMessage.model_validate_json(record["body"])
        sent_at = int(record["attributes"]["SentTimestamp"]) / 1000
        if _seen(message, sent_at):
            logger.info("optimize", site_id=message.site_id, reason=message.reason, outcome="seen already")
            continue
        started = time.time()
        outcome = runner.run(message.site_id, clock.now(), message.reason)
        read_at[message.site_id, message.reason.replans] = started
        logger.info("optimize", site_id=message.site_id, reason=message.reason, outcome=outcome)


def _seen(message: SiteMessage, sent_at: float) -> bool:
    """Whether a run has read the site after the message was sent; only a run that planned makes up for a change."""
    enough = (True,) if message.reason.replans else (True, False)
    return sent_at + CLOCK_SKEW_S < max(read_at.get((message.site_id, planned), 0.0) for planned in enough)
