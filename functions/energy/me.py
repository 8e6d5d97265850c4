"""GET of who one is here."""

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from energy import examples
from energy.access import Caller, calling
from energy.answers import answer
from energy.describe import found, reference
from ocpi.store.grants import Right


class Me(BaseModel):
    """Who calls, and what it may do."""

    principal: str = Field(description="The `sub` of the token: who runs the platform grants rights to it.")
    name: str = Field(description="What the caller is called in the audit trail.")
    scopes: list[Right] = Field(description="What the token is for.")
    sites: dict[str, list[Right]] = Field(description="What the caller may do, by site; '*' stands for all sites.")
    may_create: bool = Field(description="Whether the caller may describe new sites.")

    @classmethod
    def of(cls, caller: Caller) -> "Me":
        """What may be told of a caller."""
        sites = {site: sorted(caller.rights(site)) for site in caller.grant.sites}
        return cls(
            principal=caller.principal,
            name=caller.name,
            scopes=sorted(caller.scopes),
            sites={site: rights for site, rights in sites.items() if rights},
            may_create=caller.may_create,
        )


def routes() -> APIRouter:
    """The routes."""
    router = APIRouter(tags=["me"])

    @router.get(
        "/me",
        operation_id="getMe",
        summary="Who I am, and what I may do where",
        responses=found(reference(Me), examples.ME),
    )
    async def get(request: Request) -> Response:
        return answer(Me.of(calling(request)))

    return router
