"""Lambda handler of the chargingprofiles module."""

from datetime import timedelta

import ocpi.starting  # noqa: F401 - before all else
from chargingprofiles import receiver, sender
from chargingprofiles.desk import ProfileDesk
from chargingprofiles.forwarding import Forwarding
from chargingprofiles.settings import Settings
from ocpi.parties.access import Access
from ocpi.parties.calling import Calling
from ocpi.parties.mounting import module_handler
from ocpi.parties.own import OwnPlatform
from ocpi.parties.secrets import Hasher, Safe
from ocpi.requests.active_profiles import ActiveProfiles
from ocpi.requests.answering import Answering
from ocpi.requests.sending import Sending
from ocpi.store.objects import Objects
from ocpi.store.partners import Partners
from ocpi.store.sites import Sites
from ocpi.types.versions import InterfaceRole, ModuleID

settings = Settings.load()
own = OwnPlatform(settings.public_base_url, settings.roles)
partners = Partners(settings.partners_table)
access = Access(partners, Hasher(settings.token_pepper_secret_id))
calling = Calling(Safe(settings.token_key_id), settings.allow_private_partners, Objects(settings.objects_table))
answering = Answering.of(settings.objects_table, settings.timeout_queue_url, partners, calling)
objects, requests, controllers = answering.objects, answering.requests, answering.controllers
sending = Sending(requests, objects, partners, calling, own, answering.deadlines)
active_profiles = ActiveProfiles(controllers, objects, partners, calling)
desk = ProfileDesk(
    objects=objects,
    requests=requests,
    controllers=controllers,
    deadlines=answering.deadlines,
    forwarding=Forwarding(own, partners, objects, requests, sending, answering.deadlines),
    timeout=timedelta(seconds=settings.profile_timeout_s),
    interval=timedelta(seconds=settings.profile_interval_s),
)
interfaces = {
    InterfaceRole.SENDER: sender.routes(Sites(settings.sites_table), objects, answering, active_profiles),
    InterfaceRole.RECEIVER: receiver.routes(desk),
}
handler = module_handler(ModuleID.CHARGING_PROFILES, interfaces, own, access)
