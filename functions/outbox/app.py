"""Lambda handler of the streams of the objects and the sites table."""

from typing import Any

from ocpi.logs import logger
from ocpi.push.messages import SiteMessage
from ocpi.push.queue import FifoQueue
from ocpi.store.sites import Sites
from outbox.changes import Outbox
from outbox.settings import Settings

settings = Settings.load()
outbox = Outbox(Sites(settings.sites_table))
optimize_queue = FifoQueue(settings.optimize_queue_url)


def handler(event: dict[str, Any], _context: object) -> None:
    """Work through a batch of stream records; one message for each site concerned.

    A failure fails the batch, which the stream delivers again: all of it may be done twice.
    """
    concerned = outbox.work_through(event["Records"])
    optimize_queue.send((site_id, SiteMessage(site_id=site_id, reason=why)) for site_id, why in concerned.items())
    logger.info("stream", records=len(event["Records"]), sites=concerned)
