"""Lambda handler of the sweep's schedule."""

from typing import Any

from ocpi.logs import logger
from ocpi.push.breaker import Breakers
from ocpi.push.due import DueObjects
from ocpi.push.messages import Wake
from ocpi.push.queue import FifoQueue
from ocpi.store.partners import Partners
from sweep.settings import Settings
from sweep.wakes import Owed

settings = Settings.load()
partners = Partners(settings.partners_table)
owed = Owed(DueObjects(settings.deliveries_table), Breakers(settings.deliveries_table))
push_queue = FifoQueue(settings.push_queue_url)


def handler(_event: dict[str, Any], _context: object) -> None:
    """Look at every partner: what was forgotten, and what is to be done now and then."""
    known = list(partners.all())
    wakes = [Wake(partner_id=partner_id) for partner_id in owed.partners(known)]
    push_queue.send((wake.group, wake) for wake in wakes)
    logger.info("sweep", partners=len(known), woken=len(wakes))
