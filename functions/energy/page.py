"""The page of energy managers: its built files, held in memory, so that a path is looked up and never opened."""

import re
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from energy.answers import answer, no_such
from energy.settings import Settings
from ocpi.energy.report import style_hash

ASSETS = Path(__file__).parent / "assets"
SCOPES = ("openid", "email", "energy/read", "energy/control")

_INDEX = "index.html"
_HASHED = re.compile(r".+-[A-Z0-9]{8}\.[a-z0-9]+", re.ASCII)
"""How files are called whose content never changes."""

_FOREVER = "public, max-age=31536000, immutable"
_ASKED_EACH_TIME = "no-cache"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True)
class Asset:
    """One of the files."""

    name: str
    content: bytes

    @cached_property
    def etag(self) -> str:
        """Tells whether a browser has it already."""
        return f'"{sha256(self.content).hexdigest()[:16]}"'

    @property
    def media_type(self) -> str:
        """What it is."""
        return _TYPES.get(Path(self.name).suffix, "application/octet-stream")

    @property
    def caching(self) -> str:
        """For how long it may be kept."""
        return _FOREVER if _HASHED.fullmatch(self.name) else _ASKED_EACH_TIME


def routes(settings: Settings, folder: Path = ASSETS) -> APIRouter:
    """The routes of the files in `folder`, and of what the page has to know of this deployment."""
    router = APIRouter(include_in_schema=False)
    assets = {path.name: Asset(path.name, path.read_bytes()) for path in folder.glob("*") if path.is_file()}
    config = {"api": "v1", "sign_in": _sign_in(settings) if settings.sign_in_url else None}

    @router.get("")
    async def page_without_slash() -> Response:
        # Not to /energy/: the local gateway takes the slash away, and would come here again.
        return RedirectResponse(f"{settings.public_base_url}/energy/{_INDEX}")

    @router.get("/config.json")
    async def configuration() -> Response:
        return answer(config, headers={"Cache-Control": _ASKED_EACH_TIME})

    @router.get("/{name:path}")
    async def file(request: Request) -> Response:
        asset = assets.get(request.path_params["name"] or _INDEX)
        if asset is None:
            raise no_such("such file" if assets else "page: it was not built (make setup)")
        headers = {"Cache-Control": asset.caching, "ETag": asset.etag}
        if asset.etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(asset.content, headers=headers, media_type=asset.media_type)

    return router


def _sign_in(settings: Settings) -> dict[str, object]:
    """Where and as what the page signs people in."""
    return {
        "authorize_url": f"{settings.sign_in_url}/oauth2/authorize",
        "token_url": f"{settings.sign_in_url}/oauth2/token",
        "revoke_url": f"{settings.sign_in_url}/oauth2/revoke",
        "logout_url": f"{settings.sign_in_url}/logout",
        "client_id": settings.page_client_id,
        "scopes": [*SCOPES],
    }


def security(sign_in_url: str) -> dict[str, str]:
    """What the page may do: run its own scripts, and speak to this API and to where people sign in."""
    parts = urlsplit(sign_in_url)
    sign_in = f" {parts.scheme}://{parts.netloc}" if sign_in_url else ""
    rules = (
        "default-src 'none'",
        "script-src 'self'",
        f"style-src 'self' '{style_hash()}'",  # a report that the page opens is bound by the page's rules
        "img-src 'self' data:",
        "font-src 'self'",
        f"connect-src 'self'{sign_in}",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
    return {
        "Content-Security-Policy": "; ".join(rules),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    }
