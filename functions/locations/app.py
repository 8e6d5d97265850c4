"""Lambda handler of the locations module."""

from locations.routes import routes
from locations.settings import Settings
from ocpi.parties.access import Access
from ocpi.parties.secrets import Hasher
from ocpi.store.objects import Objects
from ocpi.store.partners import Partners
from ocpi.transport.door import ocpi_handler

settings = Settings.load()
access = Access(Partners(settings.partners_table), Hasher(settings.token_pepper_secret_id))
handler = ocpi_handler(routes(Objects(settings.objects_table)), access.registered, routed=True)
