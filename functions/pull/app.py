"""Lambda handler of the pull queue."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from ocpi import clock
from ocpi.logs import logger
from ocpi.parties.calling import Calling
from ocpi.parties.own import OwnPlatform
from ocpi.parties.pull import Pulling
from ocpi.parties.rhythm import Rhythm
from ocpi.parties.secrets import Safe
from ocpi.parties.taking import Pulled
from ocpi.push.breaker import Breakers
from ocpi.push.messages import PullMessage
from ocpi.push.queue import FifoQueue
from ocpi.store.lists import Lists
from ocpi.store.objects import Objects
from ocpi.store.partner import PartnerStatus
from ocpi.store.partners import Partners
from ocpi.store.pulls import MOST_EXAMPLES, Pulls
from ocpi.types.versions import ModuleID
from pull.settings import Settings

LAST_PAGE_MS = 180_000
"""A page is begun only if so much time is left: a large one may take a minute or two to be stored."""


settings = Settings.load()
partners = Partners(settings.partners_table)
breakers = Breakers(settings.deliveries_table)
queue = FifoQueue(settings.pull_queue_url)
objects = Objects(settings.objects_table)
pulling = Pulling(
    own=OwnPlatform(settings.public_base_url, settings.roles),
    objects=objects,
    lists=Lists(settings.objects_table),
    pulls=Pulls(settings.deliveries_table),
    calling=Calling(Safe(settings.token_key_id), settings.allow_private_partners, objects),
    rhythm=Rhythm(
        every=timedelta(hours=settings.pull_every_hours),
        polled_every=timedelta(minutes=settings.poll_every_minutes),
        full_every=timedelta(days=settings.full_pull_every_days),
    ),
)


def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Get the lists that each message points at; the queue delivers one message at a time (BatchSize 1)."""
    for record in event["Records"]:
        _pull(PullMessage.model_validate_json(record["body"]), context)


def _pull(message: PullMessage, context: LambdaContext) -> None:
    """Get what is due of a module, and have the queue go on with the rest when time is up."""
    partner = partners.get(message.partner_id)
    if partner is None or partner.status is not PartnerStatus.REGISTERED:
        return
    if not breakers.get(partner.id).allows(clock.now()):  # the sweep asks again
        return

    def has_time() -> bool:
        return context.get_remaining_time_in_millis() > LAST_PAGE_MS

    for pulled in pulling.pull_due(partner, message.module, has_time):
        _log(partner.id, pulled)
    if not has_time():
        queue.send([(message.group, message)])


def _log(partner_id: str, pulled: Pulled) -> None:
    log = logger.warning if pulled.error or pulled.skipped or pulled.missing else logger.info
    log(
        "pull",
        partner_id=partner_id,
        ocpi_module=pulled.module,
        pages=pulled.pages,
        stored=pulled.stored,
        unchanged=pulled.unchanged,
        gone=pulled.gone,
        missing=pulled.missing,
        error=pulled.error,
        skipped=len(pulled.skipped),
        examples=_examples(pulled),
    )


def _examples(pulled: Pulled) -> list[dict[str, str]]:
    """Some of what was left out; no Tokens, since who knows the uid of one may copy the card."""
    return [] if pulled.module is ModuleID.TOKENS else [asdict(each) for each in pulled.skipped[:MOST_EXAMPLES]]
