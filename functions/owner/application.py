"""The owner API as an application: its routes, with what they work on."""

from fastapi import APIRouter, FastAPI
from starlette.exceptions import HTTPException

from ocpi.parties.calling import Calling
from ocpi.parties.listing import Listing
from ocpi.parties.own import OwnPlatform
from ocpi.parties.secrets import Hasher, Safe
from ocpi.requests.active_profiles import ActiveProfiles
from ocpi.requests.answering import Answering
from ocpi.requests.authorization import Authorization
from ocpi.requests.deadlines import Deadlines
from ocpi.requests.preferences import Preferences
from ocpi.requests.sending import Sending
from ocpi.store.controllers import Controllers
from ocpi.store.lists import Lists
from ocpi.store.objects import Objects
from ocpi.store.partners import Partners
from ocpi.store.requests import Requests
from owner import (
    authorizations,
    commands,
    objects,
    partners,
    parts,
    preferences,
    pricing,
    profiles,
    received,
    requests,
)
from owner.addressing import Addresses
from owner.describe import PROBLEMS
from owner.door import Door, http_error
from owner.settings import Settings

BASE_PATH = "/owner/v1"

_DESCRIPTION = """\
The deploying team's own backend feeds the platform and asks partners for things. Bodies are OCPI 2.2.1 objects, checked
as those of partners are; answers are plain JSON, without OCPI's envelope. Requests are signed with AWS Signature
Version 4. What partners do comes as events on an EventBridge bus.\
"""


def application(settings: Settings) -> FastAPI:
    """The application on the tables and queues that `settings` name."""
    app = FastAPI(
        title="Owner API",
        version="1",
        description=_DESCRIPTION,
        openapi_url=None,
        redirect_slashes=False,
        responses=PROBLEMS,
    )
    app.include_router(_routes(settings), prefix=BASE_PATH)
    app.add_exception_handler(HTTPException, http_error)
    app.add_middleware(Door)
    return app


def _routes(settings: Settings) -> APIRouter:
    own = OwnPlatform(settings.public_base_url, settings.roles)
    base_url = own.base_url + BASE_PATH
    all_partners, stored = Partners(settings.partners_table), Objects(settings.objects_table)
    addresses = Addresses(own, all_partners)
    listing = Listing(Lists(settings.objects_table), Hasher(settings.token_pepper_secret_id))
    calling = Calling(Safe(settings.token_key_id), settings.allow_private_partners, stored)
    asked, deadlines = Requests(settings.objects_table), Deadlines(settings.timeout_queue_url)
    sending = Sending(asked, stored, all_partners, calling, own, deadlines)
    answering = Answering.of(settings.objects_table, settings.timeout_queue_url, all_partners, calling)
    active_profiles = ActiveProfiles(Controllers(settings.objects_table), stored, all_partners, calling)

    router = APIRouter()
    for kind in objects.KINDS:
        router.include_router(objects.Owned(kind, stored, listing, addresses, base_url).routes())
    for part in parts.PARTS:
        router.include_router(parts.routes(part, stored, addresses))
    router.include_router(received.routes(stored, listing, addresses, base_url))
    router.include_router(pricing.routes(stored, addresses))
    router.include_router(partners.routes(addresses))
    router.include_router(commands.routes(sending, addresses))
    router.include_router(profiles.asking(sending, addresses))
    router.include_router(preferences.routes(Preferences(calling), addresses))
    router.include_router(profiles.telling(active_profiles, addresses))
    authorization = Authorization.of(settings.objects_table, all_partners, calling, own)
    router.include_router(authorizations.routes(authorization, addresses))
    router.include_router(requests.routes(asked, answering))
    return router
