"""Lambda handler of the credentials module."""

import ocpi.starting  # noqa: F401 - before all else
from credentials.routes import routes
from credentials.settings import Settings
from ocpi.parties.access import Access
from ocpi.parties.handshake import Handshake
from ocpi.parties.own import OwnPlatform
from ocpi.parties.secrets import Hasher, Safe
from ocpi.store.partners import Partners
from ocpi.transport.door import ocpi_handler

settings = Settings.load()
partners = Partners(settings.partners_table)
hasher = Hasher(settings.token_pepper_secret_id)
handshake = Handshake(
    own=OwnPlatform(settings.public_base_url, settings.roles),
    partners=partners,
    hasher=hasher,
    safe=Safe(settings.token_key_id),
    allow_private=settings.allow_private_partners,
)
handler = ocpi_handler(routes(handshake), Access(partners, hasher).connecting)
