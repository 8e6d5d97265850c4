"""A small smart charging provider, written from the specification alone, for the simulated CPO to talk to."""

import base64
import json
from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

BASE = "http://scsp.test"
TOKEN_A = "token-a"
TOKEN_C = "token-c"
ALL_ENDPOINTS = (
    ("credentials", "RECEIVER"),
    ("locations", "RECEIVER"),
    ("sessions", "RECEIVER"),
    ("chargingprofiles", "SENDER"),
)


def header(token: str) -> str:
    return "Token " + base64.b64encode(token.encode()).decode()


@dataclass
class Scsp:
    """What it holds and heard. `limit_a`: what it lets each car draw, at once when its session begins."""

    endpoints: tuple[tuple[str, str], ...] = ALL_ENDPOINTS
    limit_a: float | None = None
    credentials_status: int = 1000
    broken: int = 0  # how many session PUTs it still fails
    forgets_sessions: bool = False  # it answers each PATCH as if the session were unknown
    token_b: str = ""
    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: list[tuple[str, str, dict[str, str], Any]] = field(default_factory=list)
    results: list[tuple[str, Any]] = field(default_factory=list)
    cpo: httpx.AsyncClient | None = None

    def app(self) -> Starlette:
        routes = [
            Route("/versions", self.versions),
            Route("/2.2.1", self.details),
            Route("/creds", self.credentials, methods=["POST"]),
            Route("/in/{module}/{path:path}", self.receive, methods=["PUT", "PATCH"]),
            Route("/result/{path:path}", self.result, methods=["POST"]),
        ]
        return Starlette(routes=routes)

    async def versions(self, request: Request) -> Response:
        return self.answer(request, [{"version": "2.1.1", "url": BASE}, {"version": "2.2.1", "url": f"{BASE}/2.2.1"}])

    async def details(self, request: Request) -> Response:
        urls = {"credentials": f"{BASE}/creds"}
        endpoints = [
            {"identifier": module, "role": role, "url": urls.get(module, f"{BASE}/in/{module}/")}
            for module, role in self.endpoints
        ]
        return self.answer(request, {"version": "2.2.1", "endpoints": endpoints})

    async def credentials(self, request: Request) -> Response:
        theirs = await request.json()
        if self.cpo:  # the callback, with TOKEN_B
            called = await self.cpo.get(theirs["url"], headers={"Authorization": header(theirs["token"])})
            assert called.json()["status_code"] == 1000
        self.token_b = theirs["token"]
        role = {
            "role": "SCSP",
            "country_code": "NL",
            "party_id": "OCS",
            "business_details": {"name": "Test"},
        }
        ours = {"token": TOKEN_C, "url": f"{BASE}/versions", "roles": [role]}
        return self.answer(request, ours, self.credentials_status)

    async def receive(self, request: Request) -> Response:
        module, path = request.path_params["module"], request.path_params["path"]
        body = await request.json()
        self.requests.append((request.method, f"{module}/{path}", dict(request.headers), body))
        if module == "sessions" and request.method == "PUT" and self.broken:
            self.broken -= 1
            return Response(status_code=503)
        if request.method == "PATCH" and self.forgets_sessions:
            return JSONResponse({"status_code": 2001, "timestamp": "2026-01-01T00:00:00Z"}, 404)
        stored = self.objects.get(path, {}) if request.method == "PATCH" else {}
        self.objects[path] = stored | body
        if module == "sessions" and request.method == "PUT" and self.limit_a is not None:
            await self.set_profile(body["id"], self.limit_a)
        return self.answer(request, None)

    async def set_profile(self, session_id: str, limit_a: float, **profile: Any) -> dict[str, Any]:
        """Put a profile of one period on a session at the CPO; returns the answer's envelope."""
        profile = {
            "charging_rate_unit": "A",
            "charging_profile_period": [{"start_period": 0, "limit": limit_a}],
        } | profile
        return await self.order(
            "PUT", session_id, {"charging_profile": profile, "response_url": f"{BASE}/result/{session_id}?n=1"}
        )

    async def order(self, method: str, session_id: str, body: Any = None, query: str = "") -> dict[str, Any]:
        """A request to the CPO's chargingprofiles interface."""
        assert self.cpo
        url = f"{CPO}/ocpi/2.2.1/receiver/chargingprofiles/{session_id}{query}"
        headers = {"Authorization": header(self.token_b), "X-Request-ID": "r", "X-Correlation-ID": "c"}
        response = await self.cpo.request(method, url, headers=headers, json=body)
        envelope: dict[str, Any] = json.loads(response.content)
        return envelope

    async def result(self, request: Request) -> Response:
        self.results.append((f"{request.path_params['path']}?{request.url.query}", await request.json()))
        return self.answer(request, None)

    def answer(self, request: Request, data: Any, status_code: int = 1000) -> Response:
        if request.headers.get("authorization") not in {header(TOKEN_A), header(TOKEN_C)}:
            return JSONResponse({"status_code": 2000, "timestamp": "2026-01-01T00:00:00Z"}, 401)
        return JSONResponse({"data": data, "status_code": status_code, "timestamp": "2026-01-01T00:00:00Z"})


CPO = "http://cpo.test"
