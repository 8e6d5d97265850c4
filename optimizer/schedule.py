"""Lambda handler of the schedule: every few minutes each site is looked at."""

from ocpi.logs import logger
from ocpi.push.messages import Reason, SiteMessage
from ocpi.push.queue import FifoQueue
from ocpi.store.sites import Sites
from optimizer.settings import ScheduleSettings

settings = ScheduleSettings.load()
sites = Sites(settings.sites_table)
optimize_queue = FifoQueue(settings.optimize_queue_url)


def handler(_event: object, _context: object) -> None:
    """One message for each site, so that sites are solved in parallel and one site never twice at once."""
    ids = sites.ids()
    optimize_queue.send((id_, SiteMessage(site_id=id_, reason=Reason.SCHEDULE)) for id_ in ids)
    logger.info("schedule", sites=len(ids))
