"""The platform under attack: what is stored before each request, and everything that can be written to."""

import base64
import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import uuid4

from moto.dynamodb.models import dynamodb_backends
from moto.sqs.models import sqs_backends

from ocpi import clock, wire
from ocpi.intake import cdrs, locations, sessions, tariffs, tokens
from ocpi.parties.secrets import Hasher, Safe
from ocpi.store import table
from ocpi.store.keys import OWN, ObjectId
from ocpi.store.objects import Objects
from ocpi.store.partner import Partner as StoredPartner
from ocpi.store.partner import PartnerStatus
from ocpi.store.partners import Partners
from ocpi.store.requests import Direction, Request, Requests
from ocpi.types.parties import Party
from ocpi.types.tokens import TokenType
from ocpi.types.versions import ModuleID
from tests import objects as examples
from tests.conftest import REGION
from tests.fuzz.documents import Document, maximal
from tests.partner import Partner, ok, partner

ACCOUNT = "123456789012"
TABLES = ("partners", "objects", "sites")
OCPI = "/ocpi/2.2.1"
OWNER = "/owner/v1"

LONGEST_PARTITION_KEY, LONGEST_SORT_KEY, LARGEST_ITEM = 2048, 1024, 400 * 1024
"""What DynamoDB takes, in bytes."""

_EVENTS = Path(__file__).parents[2] / "events"
_API_EVENT = json.loads((_EVENTS / "api_request.json").read_text())
_OWNER_EVENT = json.loads((_EVENTS / "owner_request.json").read_text())
_ACCEPTED = {"result": "ACCEPTED", "timeout": 30}
_OWN_PARTY = {"country_code": "NL", "party_id": "OCS"}
_LATER = "2026-11-22T08:20:00Z"


@dataclass(frozen=True)
class Endpoint:
    """Something that takes a body.

    Args:
        method: the HTTP method.
        path: the whole path, with a query if there is one.
        function: whose handler serves it.
        model: which class of OCPI the body is of.
        documents: bodies that are accepted.
        token: who calls; none on the owner API.
        stored_at: the path where what was accepted can be read again, as it came.
    """

    method: str
    path: str
    function: str
    model: str
    documents: tuple[Document, ...]
    token: str = ""
    stored_at: str | None = None

    @property
    def name(self) -> str:
        """What a test of it is called."""
        return f"{self.method} {self.path}"

    @property
    def of_owner(self) -> bool:
        """Whether it belongs to the owner API."""
        return self.path.startswith(OWNER)


@dataclass(frozen=True)
class Reply:
    """An answer as API Gateway gets it from the function, its body unpacked."""

    status: int
    headers: dict[str, str]
    text: str


@dataclass
class Platform:
    """What there is before each request; `refusals` are the writes and reads that DynamoDB would refuse."""

    partner: Partner
    refusals: list[str] = field(default_factory=list)
    _initial: dict[str, Any] = field(default_factory=dict)
    _initial_state: str = ""

    def remember(self) -> None:
        """From now on, :meth:`restore` leads back to what is stored now."""
        self._initial = {name: deepcopy(_tables()[name].items) for name in TABLES}
        self._initial_state = self.state()

    def restore(self) -> str:
        """Bring back the initial state, and return it as text."""
        self.refusals.clear()
        if self.state() != self._initial_state:
            for name, items in self._initial.items():
                _tables()[name].items = deepcopy(items)
            for queue in _queues().values():
                queue._messages.clear()
        return self._initial_state

    def pass_on(self) -> None:
        """Carry what has changed to the outbox, which must take it: a batch of a stream that fails comes again."""
        records = []
        for name in ("objects", "sites"):
            before, after = _images(self._initial[name]), _images(_tables()[name].items)
            for key in before.keys() | after.keys():
                if before.get(key) != after.get(key):
                    images = {"OldImage": before.get(key), "NewImage": after.get(key)}
                    present = {image: item for image, item in images.items() if item}
                    records.append({"eventID": uuid4().hex, "dynamodb": present})
        import_module("outbox.app").handler({"Records": records}, None)

    @staticmethod
    def state() -> str:
        """Everything that is stored or waits in a queue, as text."""
        items = {
            name: sorted(
                json.dumps(item.to_json(), sort_keys=True)
                for sub in _tables()[name].items.values()
                for item in sub.values()
            )
            for name in TABLES
        }
        return json.dumps(items | {name: len(queue._messages) for name, queue in _queues().items()})


def send(
    function: str,
    method: str,
    path: str,
    *,
    headers: dict[str, str] | None = None,
    body: bytes | None = None,
    query: str = "",
) -> Reply:
    """Send a request as API Gateway does (payload format 2.0); `path` is decoded already."""
    event: dict[str, Any] = deepcopy(_OWNER_EVENT if function == "owner" else _API_EVENT)
    event |= {"rawPath": path, "rawQueryString": query}
    event["requestContext"]["http"] |= {"method": method, "path": path}
    event["headers"].pop("authorization", None)
    event["headers"] |= headers or {}
    if body is not None:
        event |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
        event["headers"] = {"content-type": "application/json", "content-length": str(len(body))} | event["headers"]
    answer = import_module(f"{function}.app").handler(event, None)
    text = answer["body"]
    if answer["isBase64Encoded"]:
        text = gzip.decompress(base64.b64decode(text)).decode()
    return Reply(answer["statusCode"], answer["headers"], text)


def authorization(token: str) -> dict[str, str]:
    """The header that presents a token."""
    return {"authorization": f"Token {base64.b64encode(token.encode()).decode()}"}


def call(endpoint: Endpoint, body: bytes, headers: dict[str, str] | None = None) -> Reply:
    """Send a body to an endpoint."""
    path, _, query = endpoint.path.partition("?")
    given = ({} if endpoint.of_owner else authorization(endpoint.token)) | (headers or {})
    return send(endpoint.function, endpoint.method, path, headers=given, body=body, query=query)


def read(endpoint: Endpoint) -> Reply:
    """What is stored where the endpoint writes."""
    assert endpoint.stored_at
    path, _, query = endpoint.stored_at.partition("?")
    headers = {} if endpoint.of_owner else authorization(endpoint.token)
    return send(endpoint.function, "GET", path, headers=headers, query=query)


@contextmanager
def platform() -> Iterator[Platform]:
    """The platform with partners, objects and requests; the mocked AWS has to be there."""
    with partner() as server:
        started = Platform(server)
        _serve(server)
        _fill(server)
        started.remember()
        events = table.client().meta.events
        check = _checking(started.refusals)
        events.register("provide-client-params.dynamodb", check)
        try:
            yield started
        finally:
            events.unregister("provide-client-params.dynamodb", check)


# What is stored

SIM, TNM, HUB, NEW = "token-of-sim", "token-of-tnm", "token-of-hub", "token-of-new"
SENT_COMMAND, SENT_PROFILE, SENT_QUESTION, RECEIVED = (
    "sent-command",
    "sent-profile",
    "sent-question",
    "received-command",
)

_CAPABLE = {
    "capabilities": [
        *("CHARGING_PROFILE_CAPABLE", "CHARGING_PREFERENCES_CAPABLE", "REMOTE_START_STOP_CAPABLE"),
        *("RESERVABLE", "UNLOCK_CAPABLE"),
    ]
}
OWN_LOCATION = examples.LOCATION | _OWN_PARTY | {"evses": [examples.EVSE | _CAPABLE]}
OWN_SESSION = examples.SESSION | _OWN_PARTY
OWN_TARIFF = examples.TARIFF | _OWN_PARTY
OWN_TOKEN = examples.TOKEN | _OWN_PARTY | {"uid": "U1"}
OWN_CDR = examples.CDR | _OWN_PARTY
PROFILE: Document = {"charging_rate_unit": "A", "charging_profile_period": [{"start_period": 0, "limit": 16}]}
ACTIVE_PROFILE: Document = {"start_date_time": _LATER, "charging_profile": PROFILE}


class _Anything(dict[tuple[str, str], Any]):
    """Has an answer to everything."""

    def __contains__(self, _: object) -> bool:
        return True

    def __missing__(self, _: tuple[str, str]) -> Any:
        return ok(_ACCEPTED)


def _serve(server: Partner) -> None:
    """The partner takes whatever it is asked."""
    server.answers = _Anything()
    server.serve_versions()


def _fill(server: Partner) -> None:
    _add_partner(server, "sim", SIM, "CPO NL SIM")
    _add_partner(server, "tnm", TNM, "EMSP NL TNM")
    _add_partner(server, "hub", HUB, "HUB NL HUB")
    now = clock.now()
    invited = {"id": "new", "name": "New", "status": PartnerStatus.INVITED, "created": now, "last_updated": now}
    Partners("partners").add(StoredPartner.model_validate(invited | {"token_hash": Hasher("pepper").hash(NEW)}))
    stored = Objects("objects")
    for owner, party, location, session, tariff in (
        ("sim", "SIM", examples.LOCATION, examples.SESSION, examples.TARIFF),
        (OWN, "OCS", OWN_LOCATION, OWN_SESSION, OWN_TARIFF),
    ):
        for id_ in ("L1", "L2"):
            place = ObjectId(owner, ModuleID.LOCATIONS, "NL", party, id_)
            locations.put(stored, place, (), _exact(location | {"id": id_}))
        sessions.put(stored, ObjectId(owner, ModuleID.SESSIONS, "NL", party, "S1"), _exact(session))
        tariffs.put(stored, ObjectId(owner, ModuleID.TARIFFS, "NL", party, "T1"), _exact(tariff))
    cdrs.post(stored, OWN, _exact(OWN_CDR | {"id": "C0"}))
    cdrs.post(stored, "sim", _exact(examples.CDR | {"id": "C0"}))
    own_token, token = (
        ObjectId(*key)
        for key in (
            (OWN, ModuleID.TOKENS, "NL", "OCS", "U1"),
            ("tnm", ModuleID.TOKENS, "NL", "TNM", "012345678"),
        )
    )
    tokens.put(stored, own_token, _exact(OWN_TOKEN), TokenType.RFID)
    tokens.put(stored, token, _exact(examples.TOKEN), TokenType.RFID)
    _ask(server)


def _ask(server: Partner) -> None:
    """Requests that wait for their results."""
    requests = Requests("objects")
    own, now = Party("NL", "OCS"), clock.now()
    for id_, direction, module, kind, partner_id, party in (
        (SENT_COMMAND, Direction.SENT, ModuleID.COMMANDS, "STOP_SESSION", "sim", "SIM"),
        (SENT_PROFILE, Direction.SENT, ModuleID.CHARGING_PROFILES, "SET", "sim", "SIM"),
        (SENT_QUESTION, Direction.SENT, ModuleID.CHARGING_PROFILES, "ACTIVE", "sim", "SIM"),
        (RECEIVED, Direction.RECEIVED, ModuleID.COMMANDS, "STOP_SESSION", "tnm", "TNM"),
    ):
        requests.add(
            Request(
                id=id_,
                direction=direction,
                module=module,
                kind=kind,
                partner_id=partner_id,
                own_party=own,
                party=Party("NL", party),
                document={"session_id": "S1"},
                response_url=f"{server.url}/result",
                created=now,
                deadline=now + timedelta(seconds=30),
                answer=_ACCEPTED,
            )
        )


def _add_partner(server: Partner, id_: str, token: str, role: str) -> None:
    now = clock.now()
    party = dict(zip(("role", "country_code", "party_id"), role.split(), strict=True))
    modules = ("commands", "chargingprofiles", "credentials", "locations", "sessions", "cdrs", "tariffs", "tokens")
    offered = [(name, "RECEIVER") for name in modules]
    endpoints = [{"identifier": name, "role": kind, "url": f"{server.url}/{name}"} for name, kind in offered]
    endpoints.append(
        {"identifier": "chargingprofiles", "role": "SENDER", "url": f"{server.url}/sender/chargingprofiles"}
    )
    endpoints.append({"identifier": "results", "role": "SENDER", "url": _URL})  # where it may have results sent
    Partners("partners").add(
        StoredPartner.model_validate(
            {
                "id": id_,
                "name": id_,
                "status": PartnerStatus.REGISTERED,
                "token_hash": Hasher("pepper").hash(token),
                "sealed_token": Safe("alias/token").seal("ours", id_),
                "versions_url": server.versions_url,
                "version": "2.2.1",
                "endpoints": endpoints,
                "roles": [party | {"business_details": {"name": id_}}],
                "created": now,
                "last_updated": now,
            }
        )
    )


def _exact(document: Document) -> Document:
    exact: Document = wire.loads_object(wire.dumps(document))
    return exact


# What can be written to


def _both(model: str, smallest: Document) -> tuple[Document, Document]:
    return smallest, maximal(model, smallest)


def _put(path: str, module: str, model: str, smallest: Document, token: str) -> Endpoint:
    whole = f"{OCPI}/receiver/{module}{path}"
    return Endpoint("PUT", whole, module, model, _both(model, smallest), token, stored_at=whole)


def _patch(path: str, module: str, model: str, fields: Document, token: str) -> Endpoint:
    whole = f"{OCPI}/receiver/{module}{path}"
    return Endpoint("PATCH", whole, module, model, (fields | {"last_updated": _LATER},), token, stored_at=whole)


def _post(interface: str, function: str, model: str, smallest: Document, token: str) -> Endpoint:
    return Endpoint("POST", f"{OCPI}/{interface}", function, model, _both(model, smallest), token)


def _own(method: str, path: str, model: str, smallest: Document) -> Endpoint:
    documents = (smallest | {"last_updated": _LATER},) if method == "PATCH" else _both(model, smallest)
    return Endpoint(method, OWNER + path, "owner", model, documents, stored_at=OWNER + path)


def _order(method: str, path: str, model: str, *documents: Document) -> Endpoint:
    return Endpoint(method, OWNER + path, "owner", model, documents)


_URL = "http://127.0.0.1:9/result"
_RESULT = {"result": "ACCEPTED"}
_AT = {"location_id": "L1", "evse_uid": "E1"}
_AT_CONNECTOR = _AT | {"connector_id": "1"}
_MESSAGE = [{"language": "en", "text": "done"}]
_CREDENTIALS: Document = {
    "token": "theirs",
    "url": _URL,
    "roles": [{"role": "CPO", "business_details": {"name": "P"}, "party_id": "SIM", "country_code": "NL"}],
}

_NEW_CREDENTIALS = _CREDENTIALS | {"roles": [_CREDENTIALS["roles"][0] | {"party_id": "NEW"}]}

ENDPOINTS: tuple[Endpoint, ...] = (
    # Receivers
    _put("/NL/SIM/L1", "locations", "Location", examples.LOCATION, SIM),
    _put("/NL/SIM/L1/E1", "locations", "EVSE", examples.EVSE, SIM),
    _put("/NL/SIM/L1/E1/1", "locations", "Connector", examples.CONNECTOR, SIM),
    _patch("/NL/SIM/L1", "locations", "Location", {"name": "New", "evses": [examples.EVSE]}, SIM),
    _patch("/NL/SIM/L1/E1", "locations", "EVSE", {"status": "CHARGING"}, SIM),
    _patch("/NL/SIM/L1/E1/1", "locations", "Connector", {"max_amperage": 16}, SIM),
    _put("/NL/SIM/S1", "sessions", "Session", examples.SESSION, SIM),
    _patch("/NL/SIM/S1", "sessions", "Session", {"kwh": 2.5, "charging_periods": [examples.PERIOD]}, SIM),
    _post("receiver/cdrs", "cdrs", "CDR", examples.CDR, SIM),
    _put("/NL/SIM/T1", "tariffs", "Tariff", examples.TARIFF, SIM),
    _put("/NL/TNM/012345678", "tokens", "Token", examples.TOKEN, TNM),
    _patch(
        "/NL/TNM/012345678?type=RFID",
        "tokens",
        "Token",
        {"valid": False, "energy_contract": {"supplier_name": "E"}},
        TNM,
    ),
    _post(
        "receiver/commands/CANCEL_RESERVATION",
        "commands",
        "CancelReservation",
        {"response_url": _URL, "reservation_id": "R1"},
        TNM,
    ),
    _post(
        "receiver/commands/RESERVE_NOW",
        "commands",
        "ReserveNow",
        {"response_url": _URL, "token": examples.TOKEN, "expiry_date": "2026-11-22T12:00:00Z", "reservation_id": "R1"}
        | _AT,
        TNM,
    ),
    _post(
        "receiver/commands/START_SESSION",
        "commands",
        "StartSession",
        {"response_url": _URL, "token": examples.TOKEN} | _AT_CONNECTOR,
        TNM,
    ),
    _post("receiver/commands/STOP_SESSION", "commands", "StopSession", {"response_url": _URL, "session_id": "S1"}, TNM),
    _post(
        "receiver/commands/UNLOCK_CONNECTOR", "commands", "UnlockConnector", {"response_url": _URL} | _AT_CONNECTOR, TNM
    ),
    Endpoint(
        "PUT",
        f"{OCPI}/receiver/chargingprofiles/S1",
        "chargingprofiles",
        "SetChargingProfile",
        _both("SetChargingProfile", {"charging_profile": PROFILE, "response_url": _URL}),
        TNM,
    ),
    _put(
        "/NL/XYZ",
        "hubclientinfo",
        "ClientInfo",
        {
            "country_code": "NL",
            "party_id": "XYZ",
            "role": "CPO",
            "status": "CONNECTED",
            "last_updated": "2026-11-22T08:00:00Z",
        },
        HUB,
    ),
    # Senders
    Endpoint(
        "PUT",
        f"{OCPI}/sender/sessions/S1/charging_preferences",
        "sessions",
        "ChargingPreferences",
        _both("ChargingPreferences", {"profile_type": "REGULAR"}),
        TNM,
    ),
    _post("sender/tokens/U1/authorize", "tokens", "LocationReferences", {"location_id": "L1"}, SIM),
    _post(f"sender/commands/results/{SENT_COMMAND}", "commands", "CommandResult", _RESULT, SIM),
    _post(f"sender/chargingprofiles/results/{SENT_PROFILE}", "chargingprofiles", "ChargingProfileResult", _RESULT, SIM),
    _post(
        f"sender/chargingprofiles/results/{SENT_QUESTION}",
        "chargingprofiles",
        "ActiveChargingProfileResult",
        _RESULT,
        SIM,
    ),
    Endpoint(
        "PUT",
        f"{OCPI}/sender/chargingprofiles/S1",
        "chargingprofiles",
        "ActiveChargingProfile",
        _both("ActiveChargingProfile", ACTIVE_PROFILE),
        SIM,
    ),
    # Credentials
    Endpoint("POST", f"{OCPI}/credentials", "credentials", "Credentials", _both("Credentials", _NEW_CREDENTIALS), NEW),
    Endpoint("PUT", f"{OCPI}/credentials", "credentials", "Credentials", _both("Credentials", _CREDENTIALS), SIM),
    # The owner's
    _own("PUT", "/locations/NL/OCS/L1", "Location", OWN_LOCATION),
    _own("PUT", "/locations/NL/OCS/L1/E1", "EVSE", examples.EVSE),
    _own("PUT", "/locations/NL/OCS/L1/E1/1", "Connector", examples.CONNECTOR),
    _own("PATCH", "/locations/NL/OCS/L1", "Location", {"name": "New"}),
    _own("PATCH", "/locations/NL/OCS/L1/E1", "EVSE", {"status": "CHARGING"}),
    _own("PATCH", "/locations/NL/OCS/L1/E1/1", "Connector", {"max_amperage": 16}),
    _own("PUT", "/sessions/NL/OCS/S1", "Session", OWN_SESSION),
    _own("PATCH", "/sessions/NL/OCS/S1", "Session", {"kwh": 2.5, "charging_periods": [examples.PERIOD]}),
    _own("PUT", "/cdrs/NL/OCS/C1", "CDR", OWN_CDR),
    _own("PUT", "/tariffs/NL/OCS/T1", "Tariff", OWN_TARIFF),
    _own("PUT", "/tokens/NL/OCS/U1", "Token", OWN_TOKEN),
    _own("PATCH", "/tokens/NL/OCS/U1", "Token", {"valid": False}),
    _order(
        "POST",
        "/commands/STOP_SESSION",
        "CommandOrder",
        {"partner_id": "sim", "command": {"session_id": "S1"}},
        {
            "partner_id": "sim",
            "own_party": _OWN_PARTY,
            "party": {"country_code": "NL", "party_id": "SIM"},
            "command": {"session_id": "S1", "x": 1},
        },
    ),
    _order("PUT", "/chargingprofiles/sim/NL/SIM/S1", "ChargingProfile", PROFILE),
    _order("PUT", "/activeprofiles/NL/OCS/S1", "ActiveChargingProfile", ACTIVE_PROFILE),
    _order("POST", f"/requests/{RECEIVED}/result", "CommandResult", _RESULT, _RESULT | {"message": _MESSAGE}),
    _order(
        "POST",
        "/authorizations",
        "AuthorizationOrder",
        {"uid": "012345678"},
        {"uid": "012345678", "type": "RFID", "location": _AT and {"location_id": "L1", "evse_uids": ["E1"]}},
    ),
)


# The AWS behind it


def _images(items: dict[Any, Any]) -> dict[tuple[str, str], Any]:
    images = [item.to_json()["Attributes"] for part in items.values() for item in part.values()]
    return {(image["pk"]["S"], image["sk"]["S"]): image for image in images}


def _tables() -> dict[str, Any]:
    tables: dict[str, Any] = dynamodb_backends[ACCOUNT][REGION].tables
    return tables


def _queues() -> dict[str, Any]:
    queues: dict[str, Any] = sqs_backends[ACCOUNT][REGION].queues
    return queues


def _checking(refusals: list[str]) -> Any:
    """Looks at what goes to DynamoDB for what that would refuse, and the mock does not."""

    def check(params: dict[str, Any], **_: object) -> None:
        for request in (params, *(each for action in params.get("TransactItems", []) for each in action.values())):
            for item in (request.get("Key"), request.get("Item")):
                if item:
                    refusals.extend(_problems(item))
            keys = request.get("ExpressionAttributeValues", {}) if "KeyConditionExpression" in request else {}
            for name, value in keys.items():
                if len(value.get("S", "").encode()) > LONGEST_PARTITION_KEY:
                    refusals.append(f"{name} is too long for a key")

    return check


def _problems(item: dict[str, Any]) -> Iterator[str]:
    for name, longest in (
        ("pk", LONGEST_PARTITION_KEY),
        ("sk", LONGEST_SORT_KEY),
        ("owner_list", LONGEST_PARTITION_KEY),
        ("audience_list", LONGEST_PARTITION_KEY),
        ("list_position", LONGEST_SORT_KEY),
    ):
        if name in item and not 0 < len(item[name]["S"].encode()) <= longest:
            yield f"{name} has {len(item[name]['S'])} characters"
    size = sum(len(name) + len(str(next(iter(value.values()))).encode()) for name, value in item.items())
    if size > LARGEST_ITEM:
        yield f"an item of {size} bytes"
