"""GET and PUT of limits: what holds where nothing else does, week by week, and for a while."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from secrets import token_hex

from fastapi import APIRouter, Request
from pydantic import Field, RootModel
from starlette.responses import Response

from energy import examples
from energy.access import calling, site_of
from energy.answers import answer, etag, no_such, wrong_parameter
from energy.describe import (
    CONFIRM,
    EDITED,
    IF_MATCH,
    REASON,
    body,
    header,
    listing,
    mapping,
    reference,
    returns,
    settled,
    with_etag,
)
from energy.reading import by_anybody, by_revision, read_body
from ocpi.energy.anew import places
from ocpi.energy.desk import Desk
from ocpi.energy.edit import By, Known
from ocpi.sites.limits import MOST_WEEKLY, Limit, LimitPeriod, Limits, Override, WeeklyLimit, Words
from ocpi.sites.site import GRID, Site
from ocpi.store.grants import Right

_KEY_BYTES = 255
_ONCE = header("Idempotency-Key", "The same again makes no second override.")


class OverrideOrder(LimitPeriod):
    """A limit for a while. `start` left out is ever since, `end` left out for ever."""

    reason: Words | None = None


class WeeklyLimits(RootModel[tuple[WeeklyLimit, ...]]):
    """A weekly calendar."""

    root: tuple[WeeklyLimit, ...] = Field(max_length=MOST_WEEKLY)


@dataclass(frozen=True)
class LimitRoutes:
    """The routes of limits, below a site.

    Args:
        desk: where they are edited.
    """

    desk: Desk

    def routes(self) -> APIRouter:
        """The routes."""
        router = APIRouter(prefix="/sites/{site_id}/limits", tags=["limits"])
        edits = {"parameters": [IF_MATCH, CONFIRM, REASON]}
        router.add_api_route(
            "",
            self.get,
            methods=["GET"],
            operation_id="getLimits",
            summary="The limits of the grid connection and of each feeder",
            responses=settled(mapping(reference(Limits)), {GRID: examples.LIMITS}),
        )
        router.add_api_route(
            "/{node}/base",
            self.put_base,
            methods=["PUT"],
            operation_id="putBaseLimit",
            summary="Set the limit that holds where nothing else does",
            responses=EDITED | settled(reference(Limit), examples.LIMIT),
            openapi_extra=edits | body(reference(Limit), examples.LIMIT),
        )
        router.add_api_route(
            "/{node}/weekly",
            self.put_weekly,
            methods=["PUT"],
            operation_id="putWeeklyLimits",
            summary="Set the weekly calendar of a limit",
            responses=EDITED | settled(listing(reference(WeeklyLimit)), [examples.WEEKLY_LIMIT]),
            openapi_extra=edits | body(listing(reference(WeeklyLimit)), [examples.WEEKLY_LIMIT]),
        )
        router.add_api_route(
            "/{node}/overrides",
            self.post_override,
            methods=["POST"],
            operation_id="postOverride",
            summary="Let another limit hold for a while",
            responses=EDITED | {201: with_etag(returns(reference(Override), "It holds then.", examples.OVERRIDE))},
            openapi_extra={"parameters": [_ONCE, CONFIRM]} | body(reference(OverrideOrder), examples.OVERRIDE_ORDER),
        )
        router.add_api_route(
            "/{node}/overrides/{override_id}",
            self.delete_override,
            methods=["DELETE"],
            operation_id="deleteOverride",
            summary="Take an override back",
            status_code=204,
            responses=EDITED,
            openapi_extra={"parameters": [REASON]},
        )
        return router

    async def get(self, request: Request) -> Response:
        """All limits of a site."""
        known = self.desk.get(site_of(request, Right.READ))
        limits = {branch.id: branch.calendar.limits for branch in known.site.branches()}
        return answer(limits, headers=etag(known.revision))

    async def put_base(self, request: Request) -> Response:
        """Set what holds where nothing else does."""
        return await self._put(request, "base", Limit, self.desk.set_base, lambda limits: limits.base)

    async def put_weekly(self, request: Request) -> Response:
        """Set a weekly calendar."""

        def edit(site_id: str, node: str, weekly: WeeklyLimits, by: By) -> Known:
            return self.desk.set_weekly(site_id, node, weekly.root, by)

        return await self._put(request, "weekly", WeeklyLimits, edit, lambda limits: limits.weekly)

    async def post_override(self, request: Request) -> Response:
        """Let another limit hold for a while."""
        site, node = self._node(request)
        order = await read_body(request, OverrideOrder, f"{places(site)[node]}.overrides")
        by = replace(by_anybody(request), reason=order.reason)
        override = Override(**dict(order), id=f"o-{_new_id(request)}", author=by.author)
        known = self.desk.add_override(site.id, node, override, by)
        stored = next((each for each in known.site.limits_of(node).overrides if each.id == override.id), override)
        return answer(stored, http_status=201, headers=etag(known.revision))

    async def delete_override(self, request: Request) -> Response:
        """Take one back."""
        site, node = self._node(request)
        override_id = request.path_params["override_id"]
        if all(each.id != override_id for each in site.limits_of(node).overrides):
            raise no_such(f"override {override_id[:64]!r}")
        known = self.desk.remove_override(site.id, node, override_id, by_anybody(request))
        return Response(status_code=204, headers=etag(known.revision))

    async def _put[M: Limit | WeeklyLimits](
        self,
        request: Request,
        name: str,
        model: type[M],
        edit: Callable[[str, str, M, By], Known],
        part: Callable[[Limits], object],
    ) -> Response:
        site, node = self._node(request)
        by = by_revision(request)
        known = edit(site.id, node, await read_body(request, model, f"{places(site)[node]}.{name}"), by)
        return answer(part(known.site.limits_of(node)), headers=etag(known.revision))

    def _node(self, request: Request) -> tuple[Site, str]:
        """The site and the node in the path, where the caller may change something."""
        site_id = site_of(request, Right.CONTROL)
        site: Site = self.desk.get(site_id).site
        node: str = request.path_params["node"]
        if all(branch.id != node for branch in site.branches()):
            raise no_such(f"node {node[:64]!r} of that site")
        return site, node


def _new_id(request: Request) -> str:
    """The same for the same key of the same caller."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return token_hex(6)
    if not 0 < len(key) <= _KEY_BYTES:
        raise wrong_parameter(f"Idempotency-Key: must have 1 to {_KEY_BYTES} characters")
    return sha256(f"{calling(request).principal}\n{key}".encode()).hexdigest()[:12]
