"""Lambda handler of the streams of the objects and the sites table."""

import time
from typing import Any

from ocpi import clock
from ocpi.logs import logger
from ocpi.push.breaker import Breaker, Breakers
from ocpi.push.due import DueObjects
from ocpi.push.events import EventBus
from ocpi.push.messages import SiteMessage
from ocpi.push.queue import FifoQueue
from ocpi.push.waking import Waking
from ocpi.store.histories import Histories
from ocpi.store.partners import Partners
from ocpi.store.sites import Sites
from outbox.audience import Audience
from outbox.changes import Outbox
from outbox.events import events_of
from outbox.learning import Learning
from outbox.settings import Settings

settings = Settings.load()
sites = Sites(settings.sites_table)
outbox = Outbox(sites)
learning = Learning(sites, Histories(settings.sites_table))
audience = Audience(Partners(settings.partners_table), DueObjects(settings.deliveries_table))
breakers = Breakers(settings.deliveries_table)
optimize_queue = FifoQueue(settings.optimize_queue_url)
waking = Waking(settings.deliveries_table, FifoQueue(settings.push_queue_url))
event_bus = EventBus(settings.event_bus_name)


def handler(event: dict[str, Any], _context: object) -> None:
    """Work through a batch of stream records: sites to look at, partners to tell, events for our own backend.

    A failure fails the batch, which the stream delivers again: all of it may be done twice.
    """
    records = event["Records"]
    concerned = outbox.work_through(records)
    messages = [
        SiteMessage(site_id=site_id, reason=why)
        for site_id, why in concerned.items()
        if why.replans or not sites.leases.settled(site_id, time.time())
    ]
    optimize_queue.send((message.group, message) for message in messages)
    to_hear = audience.note(records)
    _wake(to_hear)
    event_bus.put(events_of(records))
    learned = learning.learn(records, clock.now())
    logger.info("stream", records=len(records), sites=concerned, partners=len(to_hear), learned=learned)


def _wake(partner_ids: set[str]) -> None:
    """Let partners be sent what is due, but those that are left alone now: they are woken in time.

    What is due was noted before: a breaker that closes meanwhile finds it.
    """
    if not partner_ids:
        return
    now, known = clock.now(), breakers.all()
    waking.wake(id_ for id_ in sorted(partner_ids) if known.get(id_, Breaker()).allows(now))
