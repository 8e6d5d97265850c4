"""Lambda handler of the chargingprofiles module."""

from chargingprofiles.routes import routes
from chargingprofiles.settings import Settings
from ocpi.parties.access import Access
from ocpi.parties.secrets import Hasher
from ocpi.store.objects import Objects
from ocpi.store.partners import Partners
from ocpi.store.sites import Sites
from ocpi.transport.door import ocpi_handler

settings = Settings.load()
access = Access(Partners(settings.partners_table), Hasher(settings.token_pepper_secret_id))
router = routes(Sites(settings.sites_table), Objects(settings.objects_table))
handler = ocpi_handler(router, access.registered, routed=True)
