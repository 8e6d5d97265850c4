"""Lambda handler of the tokens module."""

import ocpi.starting  # noqa: F401 - before all else
from ocpi.parties.access import Access
from ocpi.parties.listing import Listing
from ocpi.parties.mounting import module_handler
from ocpi.parties.own import OwnPlatform
from ocpi.parties.secrets import Hasher
from ocpi.store.lists import Lists
from ocpi.store.objects import Objects
from ocpi.store.partners import Partners
from ocpi.store.requests import Requests
from ocpi.types.versions import InterfaceRole, ModuleID
from tokens import receiver, sender
from tokens.authorizing import Authorizing
from tokens.settings import Settings

settings = Settings.load()
own = OwnPlatform(settings.public_base_url, settings.roles)
objects = Objects(settings.objects_table)
hasher = Hasher(settings.token_pepper_secret_id)
listing = Listing(Lists(settings.objects_table), hasher)
authorizing = Authorizing(objects, Requests(settings.objects_table), settings.authorization_wait_s)
interfaces = {
    InterfaceRole.SENDER: sender.routes(authorizing, listing, own.url(ModuleID.TOKENS, InterfaceRole.SENDER)),
    InterfaceRole.RECEIVER: receiver.routes(objects),
}
handler = module_handler(ModuleID.TOKENS, interfaces, own, Access(Partners(settings.partners_table), hasher))
