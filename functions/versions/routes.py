"""GET of the versions and of their details (VER-01 to VER-15)."""

from fastapi import APIRouter

from ocpi.parties.own import OwnPlatform
from ocpi.transport.envelope import OcpiResponse, success


def routes(own: OwnPlatform) -> APIRouter:
    """The routes of the module."""
    router = APIRouter()

    @router.get("/versions")
    async def versions() -> OcpiResponse:
        return success(own.versions())

    @router.get("/2.2.1")
    async def details() -> OcpiResponse:
        return success(own.details())

    return router
