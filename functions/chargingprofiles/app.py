"""Lambda handler of the chargingprofiles module."""

from chargingprofiles import sender
from chargingprofiles.settings import Settings
from ocpi.parties.access import Access
from ocpi.parties.mounting import module_handler
from ocpi.parties.own import OwnPlatform
from ocpi.parties.secrets import Hasher
from ocpi.store.objects import Objects
from ocpi.store.partners import Partners
from ocpi.store.sites import Sites
from ocpi.types.versions import InterfaceRole, ModuleID

settings = Settings.load()
own = OwnPlatform(settings.public_base_url, settings.roles)
access = Access(Partners(settings.partners_table), Hasher(settings.token_pepper_secret_id))
interfaces = {
    InterfaceRole.SENDER: sender.routes(Sites(settings.sites_table), Objects(settings.objects_table)),
}
handler = module_handler(ModuleID.CHARGING_PROFILES, interfaces, own, access)
