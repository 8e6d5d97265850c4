"""GET of the partners: who they are and where they are reached, never their tokens."""

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from ocpi.store.partner import Partner, PartnerStatus
from ocpi.types.credentials import CredentialsRole
from ocpi.types.primitives import DateTime
from ocpi.types.versions import Endpoint
from owner.addressing import Addresses
from owner.answers import answer
from owner.describe import found, reference, returns
from owner.examples import PARTNER


class PartnerSummary(BaseModel):
    """One partner as it is listed: another platform, with its parties."""

    id: str = Field(description="What it is called in the paths of this API and in events.")
    name: str
    status: PartnerStatus
    version: str | None = Field(None, description="The OCPI version that was agreed on.")
    versions_url: str | None = None
    roles: list[CredentialsRole] = Field(description="Its parties.")
    created: DateTime
    last_updated: DateTime

    @classmethod
    def of(cls, partner: Partner) -> "PartnerSummary":
        """What may be told of a partner."""
        return cls.model_construct(**{name: getattr(partner, name) for name in cls.model_fields})


class PartnerInfo(PartnerSummary):
    """One partner, with what it offers, which may be as much as a hundred kilobytes."""

    endpoints: list[Endpoint] = Field(description="What it offers, and where.")


def routes(addresses: Addresses) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/partners", tags=["partners"])
    schema = reference(PartnerInfo)
    summaries = {"type": "array", "items": reference(PartnerSummary)}
    example = {name: PARTNER[name] for name in PartnerSummary.model_fields}

    @router.get(
        "",
        operation_id="listPartners",
        summary="List all partners",
        responses={200: returns(summaries, "All of them, by id, without their endpoints.", [example])},
    )
    async def list_() -> Response:
        return answer([PartnerSummary.of(partner) for partner in addresses.partners.all()])

    @router.get("/{partner_id}", operation_id="getPartner", summary="Get one partner", responses=found(schema, PARTNER))
    async def get(request: Request) -> Response:
        return answer(PartnerInfo.of(addresses.partner(request.path_params["partner_id"])))

    return router
