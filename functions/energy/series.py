"""PUT and GET of prices, base load and solar power over time, and POST of what meters say now."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from fastapi import APIRouter, Request
from pydantic import model_validator
from starlette.responses import Response

from energy import examples
from energy.access import site_of
from energy.answers import CSV_TYPE, answer, no_such, wrong_parameter
from energy.describe import (
    CONFIRM,
    EDITED,
    MOMENT,
    REASON,
    SPAN,
    body,
    content,
    found,
    listing,
    problem,
    query,
    reference,
    returns,
)
from energy.reading import body_of, by_anybody, read_body, span_ahead, span_of
from ocpi import clock
from ocpi.energy.desk import Desk, Measured
from ocpi.sites.reading import Number, Strict, UtcTime
from ocpi.sites.series import SeriesKind
from ocpi.sites.site import GRID, NodeId, SiteError
from ocpi.sites.steps import Step
from ocpi.sites.upload import MOST_BYTES
from ocpi.store.grants import Right
from ocpi.store.series import SeriesStore

_AHEAD = timedelta(days=3)
_REMOVED = timedelta(days=31)
"""So far ahead an upload is taken back, if nobody says how far."""
_COMING = [
    query("from", MOMENT, "From when; now if left out."),
    query("until", MOMENT, f"Until when; {_REMOVED.days} days from now if left out."),
]
_NODE = query("node", {"type": "string", "default": GRID}, "Whose base load it is.")


class Measurement(Strict):
    """What meters say: base load right at a node, less than zero flows in; solar power of the site."""

    at: UtcTime | None = None
    base_load_kw: Number | None = None
    pv_kw: Number | None = None
    node: NodeId = GRID

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.base_load_kw is None and self.pv_kw is None:
            raise ValueError("give base_load_kw, pv_kw, or both")
        return self


@dataclass(frozen=True)
class SeriesRoutes:
    """The routes of what changes from hour to hour, below a site.

    Args:
        desk: what takes it.
        series: where it is stored.
    """

    desk: Desk
    series: SeriesStore

    def routes(self) -> APIRouter:
        """The routes."""
        router = APIRouter(prefix="/sites/{site_id}", tags=["series"])
        steps = listing(reference(Step))
        csv = content({"type": "string"}, examples.SERIES_CSV, CSV_TYPE)
        router.add_api_route(
            "/series/{kind}",
            self.get,
            methods=["GET"],
            operation_id="getSeries",
            summary="Prices, base load or solar power, as they were uploaded or measured",
            responses=found(steps, [examples.STEP]),
            openapi_extra={"parameters": [*SPAN, _NODE]},
        )
        router.add_api_route(
            "/series/{kind}",
            self.put,
            methods=["PUT"],
            operation_id="putSeries",
            summary="Upload prices of the day ahead, or a forecast",
            responses=EDITED | {200: returns(steps, "So it was read.", [examples.STEP])},
            openapi_extra={"parameters": [_NODE, CONFIRM, REASON]}
            | body(listing({"type": "object"}), examples.SERIES_JSON, **csv),
        )
        router.add_api_route(
            "/series/{kind}",
            self.delete,
            methods=["DELETE"],
            operation_id="deleteSeries",
            summary="Take an upload back",
            description="What the site's document says counts again.",
            status_code=204,
            responses={404: problem("There is no such site, or nothing was uploaded of that time."), 422: EDITED[422]},
            openapi_extra={"parameters": [*_COMING, _NODE, REASON]},
        )
        router.add_api_route(
            "/measurements",
            self.measure,
            methods=["POST"],
            operation_id="postMeasurement",
            summary="Tell what meters say now",
            status_code=204,
            responses=EDITED,
            openapi_extra={"parameters": [CONFIRM]} | body(reference(Measurement), examples.MEASUREMENT),
        )
        return router

    async def get(self, request: Request) -> Response:
        """What is known of a span."""
        site_id = site_of(request, Right.READ)
        kind, node, span = _kind(request), _node(request), span_of(request, timedelta(days=1) + _AHEAD, _AHEAD)
        known = self.series.read(site_id, [kind], span.start, span.end, node)
        return answer([*known.get((kind, node), ())])

    async def put(self, request: Request) -> Response:
        """Take an upload."""
        site_id = site_of(request, Right.CONTROL)
        kind, node = _uploaded(request), _node(request)
        text = await body_of(request, MOST_BYTES)
        content_type = request.headers.get("content-type", "")
        return answer([*self.desk.upload(site_id, kind, node, text, content_type, by_anybody(request))])

    async def delete(self, request: Request) -> Response:
        """Take back what was uploaded of a span."""
        site_id = site_of(request, Right.CONTROL)
        kind, node, span = _uploaded(request), _node(request), span_ahead(request, _REMOVED)
        if not self.desk.remove_series(site_id, kind, node, span.start, span.end, by_anybody(request)):
            raise no_such(f"{kind} that was uploaded of that time")
        return Response(status_code=204)

    async def measure(self, request: Request) -> Response:
        """Take what meters say."""
        site_id = site_of(request, Right.CONTROL)
        told = await read_body(request, Measurement)
        at = told.at or clock.now()
        self.desk.measure(site_id, at, Measured(told.base_load_kw, told.pv_kw), by_anybody(request), told.node)
        return Response(status_code=204)


def _kind(request: Request) -> SeriesKind:
    kind: str = request.path_params["kind"]
    try:
        return SeriesKind(kind)
    except ValueError:
        raise no_such(f"series {kind[:40]!r}: there are {', '.join(SeriesKind)}") from None


def _uploaded(request: Request) -> SeriesKind:
    kind = _kind(request)
    if kind.is_measured:
        raise wrong_parameter(f"{kind}: is measured: POST it to measurements, value by value")
    return kind


def _node(request: Request) -> str:
    node = request.query_params.get("node", GRID)
    if not 0 < len(node) <= 64 or not node.isascii():
        raise SiteError([f"node: there is no feeder {node[:64]!r}"])
    return node
