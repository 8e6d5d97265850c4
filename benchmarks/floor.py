"""The least that an API function of this stack can do: one route that answers with a constant."""

from fastapi import FastAPI
from mangum import Mangum
from starlette.responses import Response

from benchmarks.subject import Subject

NAME = "FastAPI and Mangum, one route, a constant answer"


def subject() -> Subject:
    """What a worker measures."""
    app = FastAPI(openapi_url=None)

    @app.api_route("/{path:path}", methods=["GET", "PUT"])
    async def constant() -> Response:
        return Response(b"{}", media_type="application/json")

    return Subject(Mangum(app, lifespan="off"))
