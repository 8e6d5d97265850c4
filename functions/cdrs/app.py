"""Lambda handler of the CDRs module."""

import ocpi.starting  # noqa: F401 - before all else
from cdrs import receiver, sender
from cdrs.settings import Settings
from ocpi.parties.access import Access
from ocpi.parties.listing import Listing
from ocpi.parties.mounting import module_handler
from ocpi.parties.own import OwnPlatform
from ocpi.parties.secrets import Hasher
from ocpi.store.lists import Lists
from ocpi.store.objects import Objects
from ocpi.store.partners import Partners
from ocpi.types.versions import InterfaceRole, ModuleID

settings = Settings.load()
own = OwnPlatform(settings.public_base_url, settings.roles)
objects = Objects(settings.objects_table)
hasher = Hasher(settings.token_pepper_secret_id)
listing = Listing(Lists(settings.objects_table), hasher)
interfaces = {
    InterfaceRole.SENDER: sender.routes(listing, own.url(ModuleID.CDRS, InterfaceRole.SENDER)),
    InterfaceRole.RECEIVER: receiver.routes(objects, own.url(ModuleID.CDRS, InterfaceRole.RECEIVER)),
}
handler = module_handler(ModuleID.CDRS, interfaces, own, Access(Partners(settings.partners_table), hasher))
