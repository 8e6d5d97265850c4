"""GET and PUT of prices and priorities."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import Field, RootModel
from starlette.responses import Response

from energy import examples
from energy.access import site_of
from energy.answers import answer, etag
from energy.describe import (
    CONFIRM,
    EDITED,
    IF_MATCH,
    REASON,
    body,
    mapping,
    reference,
    settled,
)
from energy.reading import by_revision, read_body
from ocpi.energy.desk import Desk
from ocpi.energy.edit import Known
from ocpi.sites.reading import PositiveAmount, Strict
from ocpi.sites.site import DemandCharge, Rates
from ocpi.store.grants import Right

MOST_EVSES = 5_000


class Prices(Strict):
    """What energy costs and earns; what is left out, or null, there is not."""

    price_per_kwh: Rates | None = None
    feed_in_per_kwh: Rates | None = None
    demand_charge: DemandCharge | None = None


EvseUid = Annotated[str, Field(min_length=1, max_length=36)]
Priority = Annotated[PositiveAmount, Field(le=100)]


class Priorities(RootModel[dict[EvseUid, Priority]]):
    """How EVSEs are preferred, by uid: a session at one of priority 2 is served before one of priority 1."""

    root: dict[EvseUid, Priority] = Field(min_length=1, max_length=MOST_EVSES)


@dataclass(frozen=True)
class PriceRoutes:
    """The routes of prices and priorities, below a site.

    Args:
        desk: where they are edited.
    """

    desk: Desk

    def routes(self) -> APIRouter:
        """The routes."""
        router = APIRouter(prefix="/sites/{site_id}")
        edits = {"parameters": [IF_MATCH, CONFIRM, REASON]}
        prices, priorities = reference(Prices), mapping({"type": "number"})
        router.add_api_route(
            "/prices",
            self.get_prices,
            methods=["GET"],
            tags=["prices"],
            operation_id="getPrices",
            summary="What energy costs, apart from what was uploaded day by day",
            responses=settled(prices, examples.PRICES),
        )
        router.add_api_route(
            "/prices",
            self.put_prices,
            methods=["PUT"],
            tags=["prices"],
            operation_id="putPrices",
            summary="Set what energy costs",
            responses=EDITED | settled(prices, examples.PRICES),
            openapi_extra=edits | body(prices, examples.PRICES),
        )
        router.add_api_route(
            "/priorities",
            self.get_priorities,
            methods=["GET"],
            tags=["priorities"],
            operation_id="getPriorities",
            summary="How EVSEs are preferred",
            responses=settled(priorities, examples.PRIORITIES),
        )
        router.add_api_route(
            "/priorities",
            self.put_priorities,
            methods=["PUT"],
            tags=["priorities"],
            operation_id="putPriorities",
            summary="Set how some EVSEs are preferred; the others stay as they are",
            responses=EDITED | settled(priorities, examples.PRIORITIES),
            openapi_extra=edits | body(priorities, examples.PRIORITIES),
        )
        return router

    async def get_prices(self, request: Request) -> Response:
        """What energy costs."""
        return _prices(self.desk.get(site_of(request, Right.READ)))

    async def put_prices(self, request: Request) -> Response:
        """Set what energy costs."""
        site_id, by = site_of(request, Right.CONTROL), by_revision(request)
        return _prices(self.desk.set_prices(site_id, dict(await read_body(request, Prices)), by))

    async def get_priorities(self, request: Request) -> Response:
        """How EVSEs are preferred."""
        return _priorities(self.desk.get(site_of(request, Right.READ)))

    async def put_priorities(self, request: Request) -> Response:
        """Set how some EVSEs are preferred."""
        site_id, by = site_of(request, Right.CONTROL), by_revision(request)
        wanted = await read_body(request, Priorities, "priorities")
        return _priorities(self.desk.set_priorities(site_id, wanted.root, by))


def _prices(known: Known) -> Response:
    site = known.site
    prices = Prices(
        price_per_kwh=site.price_per_kwh, feed_in_per_kwh=site.feed_in_per_kwh, demand_charge=site.demand_charge
    )
    return answer(prices, headers=etag(known.revision))


def _priorities(known: Known) -> Response:
    return answer({evse.evse_uid: evse.priority for evse in known.site.evses}, headers=etag(known.revision))
