"""A small honest OCPI 2.2.1 platform of all roles, in memory, over real HTTP; it shares only the types with ours."""

import base64
import json
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit
from uuid import uuid4

import urllib3
from pydantic import BaseModel, ValidationError

from ocpi import wire
from ocpi.types.cdrs import CDR
from ocpi.types.chargingprofiles import ActiveChargingProfile, SetChargingProfile
from ocpi.types.commands import CancelReservation, ReserveNow, StartSession, StopSession, UnlockConnector
from ocpi.types.credentials import Credentials
from ocpi.types.hubclientinfo import ClientInfo
from ocpi.types.locations import EVSE, Connector, Location
from ocpi.types.primitives import parse_datetime
from ocpi.types.sessions import Session
from ocpi.types.tariffs import Tariff
from ocpi.types.tokens import Token
from tests.check import stock

INVITATION = "an-invitation-of-the-reference"
PARTNER_TOKEN = "the-token-of-a-registered-partner"
PAGE_LIMIT = 3

PARTIES = (("CPO", "NL", "ONE"), ("EMSP", "NL", "MSP"), ("SCSP", "NL", "SCS"))
SENDERS = ("locations", "sessions", "cdrs", "tariffs", "tokens", "chargingprofiles")
RECEIVERS = ("locations", "sessions", "cdrs", "tariffs", "tokens", "commands", "chargingprofiles", "hubclientinfo")
OWNED: Mapping[str, type[BaseModel]] = {"locations": Location, "sessions": Session, "tariffs": Tariff, "tokens": Token}
COMMANDS: Mapping[str, type[BaseModel]] = {
    "START_SESSION": StartSession,
    "STOP_SESSION": StopSession,
    "RESERVE_NOW": ReserveNow,
    "CANCEL_RESERVATION": CancelReservation,
    "UNLOCK_CONNECTOR": UnlockConnector,
}
METHODS = {
    "locations": "GET PUT PATCH",
    "sessions": "GET PUT PATCH",
    "tariffs": "GET PUT DELETE",
    "tokens": "GET PUT PATCH",
}

type Document = dict[str, Any]


class Refusal(Exception):
    """What a request is answered with instead of data."""

    def __init__(self, code: int, status: int = 200, data: object = None) -> None:
        self.code = code
        self.status = status
        self.data = data

    def answer(self) -> "Answer":
        return Answer(self.data, self.code, self.status)


@dataclass
class Request:
    """What was asked; header names are lower case in `headers`, and as they came in `names`."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes = b""
    names: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    @property
    def place(self) -> tuple[str, ...]:
        """The path below /ocpi/2.2.1."""
        return tuple(unquote(part) for part in self.path.removeprefix("/ocpi/2.2.1").strip("/").split("/") if part)

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))

    @property
    def document(self) -> Document:
        return dict(json.loads(self.body))

    def asking(self, **query: str | None) -> "Request":
        """The same with other query parameters; None leaves one out."""
        merged = {name: value for name, value in {**self.query, **query}.items() if value is not None}
        return replace(self, url=f"{self.path}?{urlencode(merged)}")

    def presenting(self, token: str) -> "Request":
        """The same with another token."""
        encoded = base64.b64encode(token.encode()).decode()
        return replace(self, headers=self.headers | {"authorization": f"Token {encoded}"})


@dataclass
class Answer:
    """What is answered; `raw` replaces the envelope."""

    data: Any = None
    code: int = 1000
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    content_type: str = "application/json"
    timestamp: object = "2026-11-22T08:30:00Z"

    def content(self) -> bytes:
        if self.raw is not None:
            return self.raw
        envelope = {"status_code": self.code, "timestamp": self.timestamp}
        return wire.dumps(envelope if self.data is None else envelope | {"data": self.data})


type Proceed = Callable[[Request], Answer]
type Tamper = Callable[["Reference", Request, Proceed], Answer]
"""Sits between the client and the reference, and spoils what passes."""


class Reference:
    """The platform: what it knows, and how it answers."""

    def __init__(self, tamper: Tamper | None = None, *, hub: bool = False) -> None:
        self.url = ""
        self.hub = hub
        self.invitations = {INVITATION}
        self.tokens = {PARTNER_TOKEN}
        self.stock: dict[str, list[Document]] = {"hubclientinfo": stock.client_infos()} if hub else stock.everything()
        self.stored: dict[tuple[str, ...], Document] = {}
        self.asked = 0
        self._tamper = tamper

    def serve(self, request: Request) -> Answer:
        """Answer a request, tampered with or not."""
        self.asked += 1
        try:
            answer = self._tamper(self, request, self.answer) if self._tamper else self.answer(request)
        except Refusal as refusal:
            answer = refusal.answer()
        repeated = {name: request.headers[name.lower()] for name in IDS if name.lower() in request.headers}
        answer.headers = {**repeated, **answer.headers}
        return answer

    def answer(self, request: Request) -> Answer:
        """Answer a request as OCPI wants it."""
        try:
            answer = self._authorized(request)
        except Refusal as refusal:
            answer = refusal.answer()
        except ValidationError:
            answer = Answer(code=2001)
        except ValueError:
            answer = Answer(code=2000, status=400)
        if request.place[:1] in (("SENDER",), ("RECEIVER",)) and request.place[1] != "hubclientinfo":
            answer.headers = _swapped(request) | answer.headers
        return answer

    def token(self, request: Request) -> str:
        """The token that a request presents."""
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        try:
            token = base64.b64decode(encoded, validate=True).decode()
        except ValueError:
            raise Refusal(2000, 401) from None
        if scheme != "Token" or token not in self.tokens | self.invitations:
            raise Refusal(2000, 401)
        return token

    def credentials(self, token: str) -> Document:
        roles = (("HUB", "NL", "HUB"),) if self.hub else PARTIES
        return {
            "token": token,
            "url": f"{self.url}/ocpi/versions",
            "roles": [
                {"role": role, "country_code": country, "party_id": party, "business_details": {"name": "Reference"}}
                for role, country, party in roles
            ],
        }

    def endpoints(self) -> list[Document]:
        modules = [("SENDER", module) for module in (("hubclientinfo",) if self.hub else SENDERS)]
        modules += [("RECEIVER", module) for module in (() if self.hub else RECEIVERS)]
        base = f"{self.url}/ocpi/2.2.1"
        return [
            {"identifier": "credentials", "role": "SENDER", "url": f"{base}/credentials"},
            *({"identifier": m, "role": role, "url": f"{base}/{role}/{m}"} for role, m in modules),
        ]

    def _authorized(self, request: Request) -> Answer:
        token = self.token(request)
        if request.path == "/ocpi/versions":
            _only(request, "GET")
            return Answer([{"version": "2.2.1", "url": f"{self.url}/ocpi/2.2.1"}])
        match request.place:
            case ():
                _only(request, "GET")
                return Answer({"version": "2.2.1", "endpoints": self.endpoints()})
            case ("credentials",):
                return self._credentials(request, token)
        if token in self.invitations:
            raise Refusal(2000, 401)
        match request.place:
            case ("SENDER", module, *rest):
                return self._sender(request, module, rest)
            case ("RECEIVER", module, *rest):
                return self._receiver(request, module, rest)
        raise Refusal(2000, 404)

    def _credentials(self, request: Request, token: str) -> Answer:
        _only(request, "GET POST PUT DELETE")
        invited = token in self.invitations
        if request.method == "GET":
            return Answer(self.credentials(token))
        if invited != (request.method == "POST"):
            raise Refusal(2000, 405)
        if request.method == "DELETE":
            self.tokens.remove(token)
            return Answer()
        self.call_back(_validated(Credentials, request))
        self.invitations.discard(token)
        self.tokens.discard(token)
        given = secrets.token_hex(8)
        self.tokens.add(given)
        return Answer(self.credentials(given))

    def call_back(self, theirs: Document, headers: Mapping[str, str] | None = None) -> None:
        """Read the partner's versions and details."""
        encoded = base64.b64encode(str(theirs["token"]).encode()).decode()
        sent = {"Authorization": f"Token {encoded}", "X-Request-ID": str(uuid4()), "X-Correlation-ID": str(uuid4())}

        def get(url: str) -> Any:
            try:
                reply = urllib3.request("GET", url, headers={**sent, **(headers or {})}, retries=False)
            except urllib3.exceptions.HTTPError:
                raise Refusal(3001) from None
            if reply.status != 200:
                raise Refusal(3001)
            return reply.json()["data"]

        urls = [version["url"] for version in get(theirs["url"]) if version["version"] == "2.2.1"]
        if not urls:
            raise Refusal(3002)
        if not any(endpoint["identifier"] == "credentials" for endpoint in get(urls[0])["endpoints"]):
            raise Refusal(3003)

    def _sender(self, request: Request, module: str, rest: list[str]) -> Answer:
        match module, rest:
            case "chargingprofiles", [session_id]:
                _only(request, "PUT")
                _validated(ActiveChargingProfile, request)
                if not any(key[0] == "sessions" and key[3] == session_id.upper() for key in self.stored):
                    raise Refusal(2000, 404)
                return Answer()
            case "sessions", [_, "charging_preferences"]:
                _only(request, "PUT")
                raise Refusal(2000, 404)
            case "tokens", [uid, "authorize"]:
                _only(request, "POST")
                known = [token for token in self.stock["tokens"] if token["uid"] == uid]
                if not known:
                    raise Refusal(2004, 404)
                return Answer({"allowed": "ALLOWED", "token": known[0]})
            case "locations", [id_, *inner]:
                _only(request, "GET")
                location = next((each for each in self.stock["locations"] if _same(each["id"], id_)), None)
                return Answer(_part(location, inner))
            case _, [] if module in self.stock:
                _only(request, "GET")
                return self._page(request, module)
        raise Refusal(2000, 404)

    def _page(self, request: Request, module: str) -> Answer:
        query = request.query
        try:
            first, last = (parse_datetime(query[n]) if n in query else None for n in ("date_from", "date_to"))
            offset, limit = int(query.get("offset", 0)), int(query.get("limit", PAGE_LIMIT))
        except ValueError:
            raise Refusal(2001) from None
        if offset < 0 or limit < 1 or (module == "sessions" and first is None):
            raise Refusal(2001)
        for name in ("ocpi-from-country-code", "ocpi-to-country-code"):
            if len(request.headers.get(name, "")) > 2:
                raise Refusal(2001)
        found = [
            entry
            for entry in self.stock[module]
            if (first is None or _changed(entry) >= first) and (last is None or _changed(entry) < last)
        ]
        limit = min(limit, PAGE_LIMIT)
        headers = {"X-Total-Count": str(len(found)), "X-Limit": str(PAGE_LIMIT)}
        if offset + limit < len(found):
            more = urlencode({**query, "offset": offset + limit, "limit": limit})
            headers["Link"] = f'<{self.url}{request.path}?{more}>; rel="next"'
        return Answer(found[offset : offset + limit], headers=headers)

    def _receiver(self, request: Request, module: str, rest: list[str]) -> Answer:
        match module, rest:
            case "cdrs", [*inner]:
                return self._cdr(request, inner)
            case "commands", [command]:
                return _command(request, command)
            case "chargingprofiles", [_]:
                return _profile(request)
            case "hubclientinfo", [_, _]:
                return self._client_info(request)
            case (("locations" | "sessions" | "tariffs" | "tokens"), [country, party, id_, *inner]):
                return self._owned(request, module, (country, party, id_), inner)
        raise Refusal(2000, 404)

    def _owned(self, request: Request, module: str, owner: tuple[str, str, str], inner: list[str]) -> Answer:
        if inner and module != "locations":
            raise Refusal(2000, 404)
        _only(request, METHODS[module])
        if (owner[0].upper(), owner[1].upper()) != ("XX", "CHK"):
            raise Refusal(2000, 404)
        key = self.key(request)
        known = self.stored.get(key)
        if request.method == "PUT" and not inner:
            document = _validated(OWNED[module], request)
            _require_same(document, owner, request)
            self.stored[key] = document
            return Answer(status=200 if known else 201)
        if known is None:
            raise Refusal(2000, 404)
        if request.method == "GET":
            return Answer(_part(known, inner))
        if request.method == "DELETE":
            del self.stored[key]
            return Answer()
        changes = request.document
        if request.method == "PATCH" and "last_updated" not in changes:
            raise Refusal(2001)
        self._change(known, inner, changes, whole=request.method == "PUT")
        OWNED[module].model_validate(known)
        return Answer()

    def _change(self, known: Document, inner: list[str], changes: Document, *, whole: bool) -> None:
        if whole:
            (Connector if len(inner) == 2 else EVSE).model_validate(changes)
        for depth in range(len(inner)):
            _part(known, inner[:depth])["last_updated"] = changes["last_updated"]
        if whole:
            parent = _part(known, inner[:-1])
            name, siblings = ("id", "connectors") if len(inner) == 2 else ("uid", "evses")
            parent[siblings] = [one for one in parent.get(siblings) or [] if one[name] != inner[-1]] + [changes]
            return
        target = _part(known, inner)
        periods = [*(target.get("charging_periods") or []), *(changes.get("charging_periods") or [])]
        target |= changes | ({"charging_periods": periods} if periods else {})

    def key(self, request: Request) -> tuple[str, ...]:
        """Where a client owned object is stored; Tokens by type, too."""
        _, module, *owner = request.place
        type_ = request.query.get("type", "RFID") if module == "tokens" else ""
        return (module, *(part.upper() for part in owner[:3]), type_)

    def _cdr(self, request: Request, inner: list[str]) -> Answer:
        if inner:
            _only(request, "GET")
            known = self.stored.get(("cdrs", inner[0].upper()))
            if known is None:
                raise Refusal(2000, 404)
            return Answer(known)
        _only(request, "POST")
        document = _validated(CDR, request)
        known = self.stored.setdefault(("cdrs", document["id"].upper()), document)
        if known != document:
            raise Refusal(2001)
        url = f"{self.url}/ocpi/2.2.1/RECEIVER/cdrs/{document['id']}"
        return Answer(status=201 if known is document else 200, headers={"Location": url})

    def _client_info(self, request: Request) -> Answer:
        _only(request, "GET PUT")
        key = ("hubclientinfo", *request.place[2:4])
        if request.method == "PUT":
            self.stored[key] = _validated(ClientInfo, request)
            return Answer()
        if key not in self.stored:
            raise Refusal(2000, 404)
        return Answer(self.stored[key])


IDS = ("X-Request-ID", "X-Correlation-ID")
FROM = ("OCPI-from-country-code", "OCPI-from-party-id")
TO = ("OCPI-to-country-code", "OCPI-to-party-id")


def _swapped(request: Request) -> dict[str, str]:
    pairs = (*zip(FROM, TO, strict=True), *zip(TO, FROM, strict=True))
    return {name: request.headers[other.lower()] for name, other in pairs if other.lower() in request.headers}


def _only(request: Request, methods: str) -> None:
    if request.method not in methods.split():
        raise Refusal(2000, 405)


def _validated(model: type[BaseModel], request: Request) -> Document:
    document: Any = wire.loads(request.body)
    model.model_validate(document)
    return dict(document)


def _require_same(document: Document, owner: tuple[str, str, str], request: Request) -> None:
    id_ = document.get("uid") or document["id"]
    if [str(document["country_code"]).upper(), str(document["party_id"]).upper(), id_.upper()] != [
        part.upper() for part in owner
    ]:
        raise Refusal(2001)
    if "type" in document and "uid" in document and document["type"] != request.query.get("type", "RFID"):
        raise Refusal(2001)


def _command(request: Request, command: str) -> Answer:
    _only(request, "POST")
    _validated(COMMANDS[command], request)
    if command == "STOP_SESSION":
        return Answer({"result": "UNKNOWN_SESSION", "timeout": 30})
    if command == "CANCEL_RESERVATION":
        return Answer({"result": "REJECTED", "timeout": 30})
    raise Refusal(2003, data={"result": "REJECTED", "timeout": 30})


def _profile(request: Request) -> Answer:
    _only(request, "GET PUT DELETE")
    if request.method == "PUT":
        _validated(SetChargingProfile, request)
    needed = {"GET": ("duration", "response_url"), "DELETE": ("response_url",)}.get(request.method, ())
    if not request.query.keys() >= set(needed):
        raise Refusal(2001)
    return Answer({"result": "UNKNOWN_SESSION", "timeout": 30})


def _part(location: Document | None, inner: list[str]) -> Document:
    """An object, or the EVSE or connector in it."""
    part = location
    for name, siblings, id_ in zip(("uid", "id"), ("evses", "connectors"), inner, strict=False):
        part = next((one for one in (part or {}).get(siblings) or [] if _same(one[name], id_)), None)
    if part is None:
        raise Refusal(2000, 404)
    return part


def _same(left: object, right: object) -> bool:
    return str(left).upper() == str(right).upper()


def _changed(entry: Document) -> datetime:
    try:
        return parse_datetime(entry["last_updated"])
    except (KeyError, ValueError):
        return datetime(2026, 1, 1, tzinfo=UTC)


@contextmanager
def listening(platform: Reference) -> Iterator[str]:
    """The versions URL of a platform that listens on 127.0.0.1 for as long as the context lasts."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1
        disable_nagle_algorithm = True

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = platform.serve(Request(self.command, self.path, headers, body, tuple(self.headers)))
            content = answer.content()
            self.send_response(answer.status)
            for name, value in {"Content-Type": answer.content_type, **answer.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 - names of the standard library

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    platform.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.005})
    thread.start()
    try:
        yield f"{platform.url}/ocpi/versions"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
