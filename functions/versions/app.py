"""Lambda handler of the versions module."""

import ocpi.starting  # noqa: F401 - before all else
from ocpi.parties.access import Access
from ocpi.parties.own import OwnPlatform
from ocpi.parties.secrets import Hasher
from ocpi.store.partners import Partners
from ocpi.transport.door import ocpi_handler
from versions.routes import routes
from versions.settings import Settings

settings = Settings.load()
access = Access(Partners(settings.partners_table), Hasher(settings.token_pepper_secret_id))
own = OwnPlatform(settings.public_base_url, settings.roles)
handler = ocpi_handler(routes(own), access.connecting)
