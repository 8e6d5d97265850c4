"""GET of what control has brought in a month, and of the report of one."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import Response

from energy import examples
from energy.access import site_of
from energy.answers import answer
from energy.describe import content, found, query, reference
from ocpi import clock
from ocpi.energy.desk import Desk
from ocpi.energy.months import Months
from ocpi.energy.report import Report, html
from ocpi.energy.savings import Savings
from ocpi.store.grants import Right

HTML_TYPE = "text/html"
_SANDBOXED = {"Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"}


@dataclass(frozen=True)
class ReportRoutes:
    """The routes of months, below a site.

    Args:
        desk: which sites there are.
        months: what is known of them.
    """

    desk: Desk
    months: Months

    def routes(self) -> APIRouter:
        """The routes."""
        router = APIRouter(prefix="/sites/{site_id}", tags=["reports"])
        router.add_api_route(
            "/savings",
            self.savings,
            methods=["GET"],
            operation_id="getSavings",
            summary="What control has brought in a month, beside uncontrolled charging",
            responses=found(reference(Savings), examples.SAVINGS),
            openapi_extra={
                "parameters": [query("month", {"type": "string", "example": "2026-11"}, "This month if left out.")]
            },
        )
        report = found(reference(Report), examples.REPORT)
        report[200]["content"] |= content({"type": "string"}, media_type=HTML_TYPE)
        router.add_api_route(
            "/reports/{month}",
            self.report,
            methods=["GET"],
            operation_id="getReport",
            summary="The report of a month, as a page or as JSON, as the header Accept wants",
            responses=report,
        )
        return router

    async def savings(self, request: Request) -> Response:
        """What control has brought."""
        site, now = self.desk.get(site_of(request, Right.READ)).site, clock.now()
        month = request.query_params.get("month", f"{now.astimezone(site.zone):%Y-%m}")
        return answer(self.months.savings(site, month, now))

    async def report(self, request: Request) -> Response:
        """All of a month."""
        site = self.desk.get(site_of(request, Right.READ)).site
        report = self.months.report(site, request.path_params["month"], clock.now())
        if HTML_TYPE not in request.headers.get("accept", ""):
            return answer(report)
        name = f"{site.id}-{report.month}.html"
        headers = {"Content-Disposition": f'inline; filename="{name}"', **_SANDBOXED}
        return Response(html(report), headers=headers, media_type=HTML_TYPE)
