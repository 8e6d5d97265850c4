"""Calls the energy API as API Gateway does: with the recorded event, through the Lambda handler."""

import base64
import gzip
import json
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from ocpi.store import keys
from ocpi.store.grants import Grants, Right
from ocpi.store.partner import Partner as StoredPartner
from ocpi.store.partner import PartnerStatus
from ocpi.store.partners import Partners
from ocpi.store.table import Table
from ocpi.transport.door import LambdaHandler
from tests.api import event_loop

_EVENT = json.loads((Path(__file__).parent.parent / "events" / "energy_request.json").read_text())
PATH = "/energy/v1"
JAN = _EVENT["requestContext"]["authorizer"]["jwt"]["claims"]["sub"]
SCOPES = ("read", "control", "signal")

SITE: dict[str, Any] = {
    "id": "garage",
    "name": "City garage",
    "time_zone": "Europe/Amsterdam",
    "voltage_v": 230,
    "partner_id": "cpo",
    "location": {"country_code": "NL", "party_id": "SIM", "location_id": "L1"},
    "limits": {"base": {"limit_kw": 69}},
    "base_load_kw": 6.9,
    "feeders": [{"id": "deck-1", "limits": {"base": {"limit_a": {"L1": 63, "L2": 63, "L3": 63}}}}],
    "evses": [{"evse_uid": "034", "feeder": "deck-1"}],
}


@dataclass(frozen=True)
class Reply:
    """An answer of the energy function."""

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def body(self) -> Any:
        """The JSON; None where there is none."""
        return json.loads(self.content) if self.content else None

    @property
    def detail(self) -> str:
        """What is wrong, if it is a problem document."""
        assert self.headers["content-type"] == "application/problem+json", self
        return str(self.body["detail"])

    @property
    def etag(self) -> str:
        """The revision of the site."""
        return self.headers["etag"]


def claims(principal: str = JAN, scopes: Iterable[str] = SCOPES, **others: str) -> dict[str, Any]:
    """What API Gateway says of a token that it has checked."""
    known = _EVENT["requestContext"]["authorizer"]["jwt"]["claims"]
    scope = " ".join(["openid", *(f"energy/{each}" for each in scopes)])
    return {"jwt": {"claims": known | {"sub": principal, "scope": scope} | others, "scopes": scope.split()}}


def energy(
    method: str,
    path: str,
    body: object = None,
    *,
    authorizer: object = None,
    headers: dict[str, str] | None = None,
    etag: str | None = None,
    content_type: str = "application/json",
) -> Reply:
    """Send a request below :data:`PATH`; `body` is JSON unless it is bytes. The bearer has all scopes unless told."""
    return send(
        method,
        PATH + path,
        body,
        authorizer=claims() if authorizer is None else authorizer,
        headers=({"if-match": etag} if etag else {}) | (headers or {}),
        content_type=content_type,
    )


def send(
    method: str,
    path: str,
    body: object = None,
    *,
    authorizer: object = None,
    headers: dict[str, str] | None = None,
    content_type: str = "application/json",
    handler: LambdaHandler | None = None,
) -> Reply:
    """Send a request to any path of the function, or of another `handler`."""
    event = json.loads(json.dumps(_EVENT))
    path, _, query = path.partition("?")
    event |= {"rawPath": path, "rawQueryString": query}
    event["requestContext"]["http"] |= {"method": method, "path": path}
    event["requestContext"]["authorizer"] = authorizer
    event["headers"] |= headers or {}
    if body is not None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        event |= {"body": base64.b64encode(content).decode(), "isBase64Encoded": True}
        event["headers"] |= {"content-type": content_type, "content-length": str(len(content))}
    with event_loop():
        answer = (handler or import_module("energy.app").handler)(event, None)
    raw = base64.b64decode(answer["body"]) if answer["isBase64Encoded"] else answer["body"].encode()
    if answer["headers"].get("content-encoding") == "gzip":
        raw = gzip.decompress(raw)
    return Reply(answer["statusCode"], answer["headers"], raw)


def written_by_another_version(site: dict[str, Any]) -> None:
    """Let a site stand in the table as this version cannot read it, as revision 1."""
    item = {"document": json.dumps(site | {"colour": "red"}), "revision": "1"}
    Table("sites").put(keys.site_config(site["id"]), item)


def granted(*rights: Right, site: str = "*", principal: str = JAN, name: str = "jan@garage.example") -> None:
    """Let somebody do something."""
    Grants("sites").grant(principal, site, rights, name)


def described(site: dict[str, Any] | None = None) -> str:
    """A site that Jan has described, with its partner; returns its ETag."""
    site = site or SITE
    granted(*Right)
    if Partners("partners").get(site["partner_id"]) is None:
        Partners("partners").add(
            StoredPartner.model_validate(
                {
                    "id": site["partner_id"],
                    "name": "CPO",
                    "status": PartnerStatus.REGISTERED,
                    "token_hash": "hash",
                    "roles": [
                        {"role": "CPO", "country_code": "NL", "party_id": "SIM", "business_details": {"name": "CPO"}}
                    ],
                    "created": "2026-11-22T08:00:00Z",
                    "last_updated": "2026-11-22T08:00:00Z",
                }
            )
        )
    reply = energy("PUT", f"/sites/{site['id']}", site, headers={"if-none-match": "*"})
    assert reply.status == 201, reply
    return reply.etag
