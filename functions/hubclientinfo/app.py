"""Lambda handler of the hubclientinfo module."""

import ocpi.starting  # noqa: F401 - before all else
from hubclientinfo import receiver, sender
from hubclientinfo.settings import Settings
from ocpi.parties.access import Access
from ocpi.parties.mounting import module_handler
from ocpi.parties.own import OwnPlatform
from ocpi.parties.secrets import Hasher
from ocpi.store.objects import Objects
from ocpi.store.partners import Partners
from ocpi.types.versions import InterfaceRole, ModuleID

settings = Settings.load()
own = OwnPlatform(settings.public_base_url, settings.roles)
partners = Partners(settings.partners_table)
hasher = Hasher(settings.token_pepper_secret_id)
interfaces = {
    InterfaceRole.SENDER: sender.routes(partners, hasher, own.url(ModuleID.HUB_CLIENT_INFO, InterfaceRole.SENDER)),
    InterfaceRole.RECEIVER: receiver.routes(Objects(settings.objects_table)),
}
handler = module_handler(ModuleID.HUB_CLIENT_INFO, interfaces, own, Access(partners, hasher))
