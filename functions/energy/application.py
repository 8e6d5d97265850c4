"""The energy API as an application: its routes, with what they work on."""

from fastapi import APIRouter, FastAPI
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware

from energy import me, page
from energy.describe import PROBLEMS
from energy.door import Door, http_error
from energy.limits import LimitRoutes
from energy.looks import LookRoutes
from energy.prices import PriceRoutes
from energy.reports import ReportRoutes
from energy.series import SeriesRoutes
from energy.settings import Settings
from energy.signals import SignalRoutes
from energy.sites import SiteRoutes
from ocpi.energy.desk import Desk
from ocpi.energy.looking import Looking
from ocpi.energy.months import Months
from ocpi.energy.signal_desk import SignalDesk
from ocpi.energy.writing import Writing
from ocpi.push.breaker import Breakers
from ocpi.push.queue import FifoQueue
from ocpi.store.grants import Grants
from ocpi.store.ledgers import Ledgers
from ocpi.store.objects import Objects
from ocpi.store.partners import Partners
from ocpi.store.series import SeriesStore
from ocpi.store.sites import Sites

PAGE_PATH = "/energy"
BASE_PATH = f"{PAGE_PATH}/v1"

WORTH_COMPRESSING_BYTES = 1_000

_DESCRIPTION = """\
Who is accountable for a grid connection sees its sites, sets limits, prices and priorities, and reads what happened;
grid operators curtail. Requests carry an access token of the platform's user pool: its scopes say what it is for, and
grants say at which sites. Currents are ampere per phase, powers kW of all phases together, times UTC. Errors are
problem documents (RFC 9457).\
"""


def application(settings: Settings) -> FastAPI:
    """The application on the tables and queues that `settings` name."""
    app = FastAPI(
        title="Energy API",
        version="1",
        description=_DESCRIPTION,
        openapi_url=None,
        redirect_slashes=False,
        responses=PROBLEMS,
    )
    app.include_router(_routes(settings), prefix=BASE_PATH)
    app.include_router(page.routes(settings), prefix=PAGE_PATH)
    app.add_exception_handler(HTTPException, http_error)
    app.add_middleware(GZipMiddleware, minimum_size=WORTH_COMPRESSING_BYTES, compresslevel=6)
    grants, security = Grants(settings.sites_table), page.security(settings.sign_in_url)
    app.add_middleware(Door, api_path=BASE_PATH, grants=grants, security=security)
    return app


def _routes(settings: Settings) -> APIRouter:
    sites, ledgers = Sites(settings.sites_table), Ledgers(settings.sites_table)
    series, queue = SeriesStore(settings.sites_table), FifoQueue(settings.optimize_queue_url)
    writing = Writing(sites, ledgers, queue)
    objects = Objects(settings.objects_table)
    desk = Desk(writing, series, Partners(settings.partners_table), objects)
    looking = Looking(sites, objects, series, ledgers, Breakers(settings.deliveries_table))

    base_url = f"{settings.public_base_url}{BASE_PATH}"
    router = APIRouter()
    router.include_router(me.routes())
    router.include_router(SiteRoutes(desk, looking).routes())
    router.include_router(LookRoutes(desk, looking, ledgers, base_url).routes())
    router.include_router(LimitRoutes(desk).routes())
    router.include_router(PriceRoutes(desk).routes())
    router.include_router(SeriesRoutes(desk, series).routes())
    router.include_router(SignalRoutes(desk, SignalDesk(writing, series), base_url).routes())
    router.include_router(ReportRoutes(desk, Months(ledgers)).routes())
    return router
