"""Lambda handler of the commands module."""

from datetime import timedelta

import ocpi.starting  # noqa: F401 - before all else
from commands import receiver, sender
from commands.desk import CommandDesk
from commands.settings import Settings
from ocpi.parties.access import Access
from ocpi.parties.mounting import module_handler
from ocpi.parties.own import OwnPlatform
from ocpi.parties.secrets import Hasher
from ocpi.requests.deadlines import Deadlines
from ocpi.store.objects import Objects
from ocpi.store.partners import Partners
from ocpi.store.requests import Requests
from ocpi.store.reservations import Reservations
from ocpi.types.versions import InterfaceRole, ModuleID

settings = Settings.load()
own = OwnPlatform(settings.public_base_url, settings.roles)
access = Access(Partners(settings.partners_table), Hasher(settings.token_pepper_secret_id))
requests = Requests(settings.objects_table)
desk = CommandDesk(
    objects=Objects(settings.objects_table),
    requests=requests,
    reservations=Reservations(settings.objects_table),
    deadlines=Deadlines(settings.timeout_queue_url),
    timeout=timedelta(seconds=settings.command_timeout_s),
    currency=settings.currency,
)
interfaces = {
    InterfaceRole.SENDER: sender.routes(requests),
    InterfaceRole.RECEIVER: receiver.routes(desk),
}
handler = module_handler(ModuleID.COMMANDS, interfaces, own, access)
