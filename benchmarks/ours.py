"""What a worker measures of ours: the functions' own Lambda handlers, with DynamoDB in memory behind botocore.

It is deployed as a CPO and an eMSP in one, its log at the usual level. One partner is registered. Of ours there are as
many Locations as asked for; of the partner's, what it puts.
"""

import os
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from benchmarks.dynamodb import DynamoDB, Index, Item, Table, json_answer
from benchmarks.environment import ENVIRONMENT
from benchmarks.location import location, location_id
from benchmarks.requests import TOKEN
from benchmarks.subject import Subject
from ocpi.parties.secrets import Hasher
from ocpi.store.keys import OWN, ObjectId
from ocpi.store.objects import Objects
from ocpi.store.partner import Partner, PartnerStatus
from ocpi.store.partners import Partners
from ocpi.types.credentials import CredentialsRole
from ocpi.types.versions import ModuleID

INDEXES = {
    "by_owner": Index("owner_list", "list_position", ["document"]),
    "by_owner_keys": Index("owner_list", "list_position", []),
    "by_audience": Index("audience_list", "list_position", ["document"]),
    "by_audience_keys": Index("audience_list", "list_position", []),
}
OWN_PARTY = ("NL", "OCS")
NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
MODULE_PART = 4
"""Where a path names the module: ``/ocpi/2.2.1/sender/locations``."""


def subject(locations: str = "0") -> Subject:
    """Our functions, with so many Locations of our own."""
    os.environ |= ENVIRONMENT
    tables = {"partners": Table({}), "objects": Table(INDEXES)}
    store = DynamoDB(tables)
    boto3.setup_default_session()
    session: Any = boto3.DEFAULT_SESSION
    session.events.register("before-send.dynamodb", store.answer)
    session.events.register("before-send.secrets-manager", _pepper)
    _register_partner()
    _fill(tables["objects"], int(locations))
    handlers: dict[str, Any] = {}

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        module = event["rawPath"].split("/")[MODULE_PART]
        if module not in handlers:
            handlers[module] = import_module(f"{module}.app").handler
        answer: dict[str, Any] = handlers[module](event, context)
        return answer

    return Subject(handler, lambda: store.spent_s, lambda: store.reads)


def _pepper(request: AWSPreparedRequest, **_: object) -> AWSResponse:
    return json_answer(request, {"SecretString": "pepper"})


def _register_partner() -> None:
    role = {"role": "CPO", "business_details": {"name": "Bench"}, "party_id": "SIM", "country_code": "NL"}
    partner = Partner(
        id="cpo",
        name="CPO",
        status=PartnerStatus.REGISTERED,
        token_hash=Hasher(ENVIRONMENT["TOKEN_PEPPER_SECRET_ID"]).hash(TOKEN),
        roles=[CredentialsRole.model_validate(role)],
        created=NOW,
        last_updated=NOW,
    )
    Partners(ENVIRONMENT["PARTNERS_TABLE"]).add(partner)


def _fill(table: Table, locations: int) -> None:
    """Put one Location of ours by the platform's own store, and the others as it did that one.

    They share one text, so that 100,000 of them fit into memory, and stand at places of their own in every list.
    """
    if not locations:
        return
    first = location()["id"]
    object_id = ObjectId(OWN, ModuleID.LOCATIONS, *OWN_PARTY, first)
    Objects(ENVIRONMENT["OBJECTS_TABLE"]).put(object_id, location(), NOW)
    written = table.all()
    (pattern,) = (item for item in written if "document" in item)
    counters = [item for item in written if "document" not in item]
    for number in range(1, locations):
        table.put(_renamed(pattern, first, location_id(number)))
    for counter in counters:
        table.put(counter | {"objects": {"N": str(locations)}})


def _renamed(item: Item, old: str, new: str) -> Item:
    return {
        name: value if name == "document" else {kind: text.replace(old, new) for kind, text in value.items()}
        for name, value in item.items()
    }
