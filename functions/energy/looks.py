"""GET of what goes on at a site, of what is planned, and of what was."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter, Request
from starlette.responses import Response

from energy import examples
from energy.access import site_of
from energy.answers import CSV_TYPE, answer, wrong_parameter
from energy.describe import SPAN, Described, content, found, listing, query, reference
from energy.paging import PAGING, Pages, before_in
from energy.reading import Span, number_of, span_of
from ocpi import clock
from ocpi.energy.desk import Desk
from ocpi.energy.history import STEPS_S, History, history, to_csv
from ocpi.energy.looking import Looking
from ocpi.energy.picture import Picture
from ocpi.energy.planned import Planned
from ocpi.sites.record import Event, VisitRecord
from ocpi.store.grants import Right
from ocpi.store.ledgers import Ledgers

MOST_NUMBERS = 400_000
"""So many numbers one answer of history may have; Lambda answers with 6 MB at most."""

USUAL_VISITS = timedelta(days=31)
USUAL_EVENTS = timedelta(days=7)
JUST_NOW = timedelta(minutes=1)
"""What has happened this very moment is among what has happened until now."""

_CURVES = 4

_HISTORY: list[Described] = [
    *SPAN,
    query("step", {"type": "integer", "enum": [*STEPS_S], "default": STEPS_S[0]}, "The length of a step in seconds."),
    query("format", {"type": "string", "enum": ["json", "csv"]}, "Instead of the header Accept."),
]


@dataclass(frozen=True)
class LookRoutes:
    """The routes of all that is only looked at, below a site.

    Args:
        desk: which sites there are.
        looking: what goes on there.
        ledgers: what was.
        base_url: where this API is; links lead to pages below it.
    """

    desk: Desk
    looking: Looking
    ledgers: Ledgers
    base_url: str

    def routes(self) -> APIRouter:
        """The routes."""
        router = APIRouter(prefix="/sites/{site_id}", tags=["looking"])
        router.add_api_route(
            "/now",
            self.now,
            methods=["GET"],
            operation_id="getNow",
            summary="What is drawn and what may be, under which limits, by whom, and what is the matter",
            responses=found(reference(Picture), examples.PICTURE),
        )
        router.add_api_route(
            "/plan",
            self.plan,
            methods=["GET"],
            operation_id="getPlan",
            summary="What is planned for the next 24 hours, as curves",
            responses=found(reference(Planned), examples.PLANNED),
        )
        router.add_api_route(
            "/sessions",
            self.sessions,
            methods=["GET"],
            operation_id="listVisits",
            summary="Sessions that are over, the last first",
            responses=found(listing(reference(VisitRecord)), [examples.VISIT]),
            openapi_extra={"parameters": PAGING},
        )
        router.add_api_route(
            "/events",
            self.events,
            methods=["GET"],
            operation_id="listEvents",
            summary="Who changed what, and what happened, the last first",
            responses=found(listing(reference(Event)), [examples.EVENT]),
            openapi_extra={"parameters": PAGING},
        )
        past = found(reference(History), examples.HISTORY)
        past[200]["content"] |= content({"type": "string"}, media_type=CSV_TYPE)
        router.add_api_route(
            "/history",
            self.history,
            methods=["GET"],
            operation_id="getHistory",
            summary="What was drawn and allowed, as curves or as a table",
            responses=past,
            openapi_extra={"parameters": _HISTORY},
        )
        return router

    async def now(self, request: Request) -> Response:
        """A site now."""
        site = self.desk.get(site_of(request, Right.READ)).site
        return answer(self.looking.picture(site, clock.now()))

    async def plan(self, request: Request) -> Response:
        """What is planned."""
        site = self.desk.get(site_of(request, Right.READ)).site
        return answer(self.looking.planned(site, clock.now()))

    async def sessions(self, request: Request) -> Response:
        """Who was there."""
        site_id, span = _paged(request, USUAL_VISITS)
        visits = self.ledgers.visits(site_id, span.start, span.end)
        return Pages(self.base_url, _left_at).answer(request, visits)

    async def events(self, request: Request) -> Response:
        """What happened."""
        site_id, span = _paged(request, USUAL_EVENTS)
        events = self.ledgers.events(site_id, span.start, span.end)
        return Pages(self.base_url, _was_at).answer(request, events)

    async def history(self, request: Request) -> Response:
        """What was drawn."""
        site_id = site_of(request, Right.READ)
        site, span, step_s = self.desk.get(site_id).site, span_of(request), _step(request)
        numbers = (
            (span.end - span.start)
            / timedelta(seconds=step_s)
            * _CURVES
            * sum(len(branch.phases) for branch in site.branches())
        )
        if numbers > MOST_NUMBERS:
            raise wrong_parameter(f"step: that would be {numbers:,.0f} numbers: ask for longer steps or a shorter time")
        past = history(
            self.ledgers.loads(site_id, span.start, span.end), step_s, site.zone, self.ledgers.metered_until(site_id)
        )
        if not _wants_csv(request):
            return answer(past)
        name = f"{site_id}-{span.start.astimezone(site.zone):%Y-%m-%d}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(to_csv(past, site.zone), headers=headers, media_type=CSV_TYPE)


def _left_at(visit: VisitRecord) -> datetime:
    return visit.departure


def _was_at(event: Event) -> datetime:
    return event.at


def _paged(request: Request, usual: timedelta) -> tuple[str, Span]:
    """Of which site, and from when until when."""
    site_id = site_of(request, Right.READ)
    return site_id, before_in(request, span_of(request, usual, JUST_NOW))


def _step(request: Request) -> int:
    step_s = number_of(request, "step", STEPS_S[0], STEPS_S[-1])
    if step_s not in STEPS_S:
        raise wrong_parameter(f"step: must be one of {', '.join(map(str, STEPS_S))} seconds")
    return step_s


def _wants_csv(request: Request) -> bool:
    given = request.query_params.get("format")
    if given not in (None, "json", "csv"):
        raise wrong_parameter("format: must be json or csv")
    return given == "csv" or (given is None and CSV_TYPE in request.headers.get("accept", ""))
