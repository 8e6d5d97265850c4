"""GET and PUT of sites."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from energy import examples
from energy.access import calling, site_of
from energy.answers import Refusal, answer, etag
from energy.describe import CONFIRM, EDITED, IF_MATCH, REASON, body, found, header, listing, reference, returns
from energy.describe import with_etag as etagged
from energy.reading import body_of, by_anybody, by_revision
from ocpi import clock, wire
from ocpi.energy.alarms import State
from ocpi.energy.desk import Desk
from ocpi.energy.edit import Known, NoSuchSite, Unreadable
from ocpi.energy.looking import Looking
from ocpi.logs import logger
from ocpi.sites.site import Site, SiteError, parse_site
from ocpi.store.grants import Right

LOOKED_AT_ONCE = 8

_NEW = header("If-None-Match", "`*` for a site that is new.")


class SiteSummary(BaseModel):
    """A site at a glance. Of one that cannot be read there is only its id, and its name if that can."""

    id: str
    name: str | None = None
    time_zone: str = "UTC"
    state: State = State.ALARM
    alarms: int = Field(1, description="How many things somebody should look at.")
    limit_kw: float | None = Field(None, description="What the grid connection bears now.")
    drawn_kw: float | None = Field(
        None, description="What is drawn now, by the meters of the sessions, with base load."
    )
    allowed_kw: float | None = Field(None, description="The most that may be drawn now.")
    sessions: int = 0


@dataclass(frozen=True)
class SiteRoutes:
    """The routes of sites.

    Args:
        desk: where they are edited.
        looking: where they are looked at.
    """

    desk: Desk
    looking: Looking

    def routes(self) -> APIRouter:
        """The routes."""
        router = APIRouter(prefix="/sites", tags=["sites"])
        site = reference(Site)
        router.add_api_route(
            "",
            self.list,
            methods=["GET"],
            operation_id="listSites",
            summary="The sites that I may see, at a glance",
            responses=found(listing(reference(SiteSummary)), [examples.SUMMARY]),
        )
        router.add_api_route(
            "/{site_id}",
            self.get,
            methods=["GET"],
            operation_id="getSite",
            summary="A site as it is described",
            responses={200: etagged(returns(site, "It is there.", examples.SITE))},
        )
        router.add_api_route(
            "/{site_id}",
            self.put,
            methods=["PUT"],
            operation_id="putSite",
            summary="Describe a site, new or anew",
            responses=EDITED
            | {
                200: etagged(returns(site, "It is described anew.", examples.SITE)),
                201: etagged(returns(site, "It is new.", examples.SITE)),
            },
            openapi_extra={"parameters": [IF_MATCH, _NEW, CONFIRM, REASON]} | body(site, examples.SITE),
        )
        return router

    async def list(self, request: Request) -> Response:
        """Those that the caller may see."""
        who = calling(request)
        ids = [site_id for site_id in self.looking.sites.ids() if Right.READ in who.rights(site_id)]
        with ThreadPoolExecutor(LOOKED_AT_ONCE) as pool:
            return answer([each for each in pool.map(self._summary, ids) if each])

    async def get(self, request: Request) -> Response:
        """One of them."""
        return _described(self.desk.get(site_of(request, Right.READ)))

    async def put(self, request: Request) -> Response:
        """Describe one."""
        if request.headers.get("if-none-match") is None:
            site_id = site_of(request, Right.CONTROL)
            by, may_move = by_revision(request), calling(request).may_create
            return _described(self.desk.replace(site_id, await body_of(request), by, may_move=may_move))
        return await self._create(request)

    async def _create(self, request: Request) -> Response:
        site_id: str = request.path_params["site_id"]
        if request.headers["if-none-match"].strip() != "*":
            raise Refusal(HTTPStatus.BAD_REQUEST, "If-None-Match: must be * for a site that is new")
        if not calling(request).may_create:
            raise Refusal(HTTPStatus.FORBIDDEN, "that needs the right to control all sites ('*'), also those to come")
        document = await body_of(request)
        if parse_site(document).id != site_id:
            raise SiteError([f"id: must be {site_id[:64]!r}, as in the path"])
        return _described(self.desk.create(document, by_anybody(request)), http_status=201)

    def _summary(self, site_id: str) -> SiteSummary | None:
        """A site at a glance; one that is not to be seen hides no other."""
        try:
            site = self.desk.get(site_id).site
        except NoSuchSite:
            return None
        except Unreadable:
            logger.exception("a site cannot be read", site_id=site_id)
            return SiteSummary(id=site_id)
        try:
            picture = self.looking.picture(site, clock.now())
        except Exception:  # noqa: BLE001 - whatever it is, the other sites are there
            logger.exception("a site cannot be looked at", site_id=site_id)
            return SiteSummary(id=site.id, name=site.name, time_zone=site.time_zone)
        return SiteSummary(
            id=site.id,
            name=site.name,
            time_zone=site.time_zone,
            state=picture.state,
            alarms=len(picture.alarms),
            limit_kw=picture.limit_kw,
            drawn_kw=picture.drawn_kw,
            allowed_kw=picture.allowed_kw,
            sessions=len(picture.sessions),
        )


def _described(known: Known, *, http_status: int = 200) -> Response:
    """A site as files have it: what nobody has said is left out."""
    document = wire.loads(wire.dumps(known.site))
    return answer(document, http_status=http_status, headers=etag(known.revision))
