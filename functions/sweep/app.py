"""Lambda handler of the sweep's schedule."""

from typing import Any

from ocpi.logs import logger
from ocpi.parties.own import OwnPlatform
from ocpi.push.breaker import Breakers
from ocpi.push.due import DueObjects
from ocpi.push.queue import FifoQueue
from ocpi.push.waking import Waking
from ocpi.store.partners import Partners
from ocpi.store.pulls import Pulls
from sweep.pulls import DuePulls
from sweep.settings import Settings
from sweep.wakes import Owed

settings = Settings.load()
partners = Partners(settings.partners_table)
breakers = Breakers(settings.deliveries_table)
owed = Owed(DueObjects(settings.deliveries_table), breakers)
due_pulls = DuePulls(OwnPlatform(settings.public_base_url, settings.roles), Pulls(settings.deliveries_table), breakers)
waking = Waking(settings.deliveries_table, FifoQueue(settings.push_queue_url))
pull_queue = FifoQueue(settings.pull_queue_url)


def handler(_event: dict[str, Any], _context: object) -> None:
    """Look at every partner: what was forgotten, and what is to be done now and then."""
    known = list(partners.all())
    woken = waking.wake(owed.partners(known))
    pulls = due_pulls.messages(known)
    pull_queue.send((pull.group, pull) for pull in pulls)
    logger.info("sweep", partners=len(known), woken=woken, pulls=len(pulls))
