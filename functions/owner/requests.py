"""Requests whose results come later: what became of ours, and the results of those that partners have made."""

from typing import Any

from fastapi import APIRouter
from fastapi import Request as HttpRequest
from pydantic import BaseModel, Field
from starlette.responses import Response

from ocpi.requests.answering import Answering
from ocpi.requests.decisions import Decision
from ocpi.store.requests import Direction, Request, Requests, RequestStatus
from ocpi.transport.status import unknown
from ocpi.transport.validation import MAX_REQUEST_BYTES, parse_object
from ocpi.types.chargingprofiles import ActiveChargingProfileResult, ChargingProfileResult, ClearProfileResult
from ocpi.types.commands import CommandResult
from ocpi.types.primitives import DateTime
from ocpi.types.versions import ModuleID
from owner import examples
from owner.addressing import printable_id
from owner.answers import answer
from owner.authorizations import awaits_decision, decide
from owner.describe import CONFLICT, PARTNER_FAILED, Described, body, found, reference, returns
from owner.parties import PartyName

RESULTS = (CommandResult, ChargingProfileResult, ClearProfileResult, ActiveChargingProfileResult, Decision)
"""What a request may be concluded with; its module and kind tell which."""


class RequestInfo(BaseModel):
    """A request whose result comes later: of a partner to us, or of us to a partner."""

    request_id: str
    direction: Direction
    module: ModuleID
    kind: str = Field(description="The CommandType; SET, CLEAR or ACTIVE of a charging profile; or AUTHORIZE.")
    partner_id: str
    own_party: PartyName
    party: PartyName | None = Field(None, description="The partner's; absent where a hub finds out who is meant.")
    document: dict[str, Any] = Field(description="What is asked, as OCPI has it.")
    created: DateTime
    deadline: DateTime = Field(description="Later than this, a result is too late.")
    status: RequestStatus
    response: dict[str, Any] | None = Field(None, description="The immediate answer.")
    result: dict[str, Any] | None = Field(None, description="What came of it.")
    failure: str | None = Field(None, description="Why the partner could not be asked, or told the result.")

    @classmethod
    def of(cls, request: Request) -> "RequestInfo":
        """What is told of a request; its response URL is the platform's business."""
        told = {name: value for name, value in request if name in cls.model_fields}
        document = {name: value for name, value in request.document.items() if name != "response_url"}
        return cls.model_construct(
            **told | {"request_id": request.id, "document": document, "response": request.answer}
        )


ASKED: dict[int | str, Described] = PARTNER_FAILED | {
    202: returns(
        reference(RequestInfo),
        "The partner was asked. While it is PENDING, its result is awaited; it comes as the event RequestEnded.",
        examples.REQUEST,
    )
}
"""What is answered by whatever asks a partner."""


def asked(request: Request) -> Response:
    """Answer that the partner was asked."""
    return answer(RequestInfo.of(request), http_status=202)


def routes(requests: Requests, answering: Answering) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/requests/{request_id}", tags=["requests"])

    @router.get(
        "",
        operation_id="getRequest",
        summary="Get a request, its status and its result",
        responses=found(reference(RequestInfo), examples.REQUEST),
    )
    async def get(request: HttpRequest) -> Response:
        asked = requests.get(printable_id(request.path_params["request_id"]))
        if asked is None:
            raise unknown("request: there is none of that id, or it was long ago")
        return answer(RequestInfo.of(asked))

    @router.post(
        "/result",
        operation_id="concludeRequest",
        summary="Tell the result of what a partner has asked",
        responses=CONFLICT | found(reference(RequestInfo), examples.RECEIVED_REQUEST),
        openapi_extra=body({"anyOf": [reference(result) for result in RESULTS]}, examples.RESULT),
    )
    async def conclude(request: HttpRequest) -> Response:
        request_id = request.path_params["request_id"]
        result = parse_object(await request.body(), MAX_REQUEST_BYTES)
        asked = requests.get(printable_id(request_id))
        if asked and awaits_decision(asked):
            return answer(RequestInfo.of(decide(requests, asked, result)))
        return answer(RequestInfo.of(answering.conclude(request_id, result)))

    return router
