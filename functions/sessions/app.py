"""Lambda handler of the sessions module."""

import ocpi.starting  # noqa: F401 - before all else
from ocpi.parties.access import Access
from ocpi.parties.listing import Listing
from ocpi.parties.mounting import module_handler
from ocpi.parties.own import OwnPlatform
from ocpi.parties.secrets import Hasher
from ocpi.store.lists import Lists
from ocpi.store.objects import Objects
from ocpi.store.partners import Partners
from ocpi.types.versions import InterfaceRole, ModuleID
from sessions import receiver, sender
from sessions.settings import Settings

settings = Settings.load()
own = OwnPlatform(settings.public_base_url, settings.roles)
objects = Objects(settings.objects_table)
hasher = Hasher(settings.token_pepper_secret_id)
listing = Listing(Lists(settings.objects_table), hasher)
interfaces = {
    InterfaceRole.SENDER: sender.routes(objects, listing, own.url(ModuleID.SESSIONS, InterfaceRole.SENDER)),
    InterfaceRole.RECEIVER: receiver.routes(objects),
}
handler = module_handler(ModuleID.SESSIONS, interfaces, own, Access(Partners(settings.partners_table), hasher))
