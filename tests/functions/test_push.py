"""What our backend changes reaches the partners whom it concerns, over real HTTP, and nobody else."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from importlib import import_module
from typing import Any

import boto3
import pytest

from ocpi import clock
from ocpi.logs import logger
from ocpi.push.deliveries import Deliveries
from ocpi.store.partner import Quirk
from ocpi.store.partners import Partners
from ocpi.types.versions import ModuleID
from tests import own
from tests.api import request
from tests.functions.conftest import Connect, Connection
from tests.loop import Loop
from tests.objects import CDR, EVSE, LOCATION, PERIOD, SESSION, TARIFF, TOKEN
from tests.partner import Answer, Seen, ok

LATER = "2026-11-22T09:00:00Z"
LAST = "2026-11-22T10:00:00Z"
OFFERS = [(module, "RECEIVER") for module in ("locations", "tariffs", "sessions", "cdrs", "tokens")]
LOCATION_PATH = "/locations/NL/OCS/L1"
PATHS = (
    LOCATION_PATH,
    f"{LOCATION_PATH}/E1",
    f"{LOCATION_PATH}/E2",
    f"{LOCATION_PATH}/E1/1",
    "/tariffs/NL/OCS/T1",
    "/sessions/NL/OCS/S1",
    "/tokens/NL/OCS/012345678",
)


class Receiver:
    """A partner that takes whatever it is sent."""

    def __init__(self, connection: Connection) -> None:
        self.id = connection.partner_id
        self.server = connection.partner
        for path in PATHS:
            for method in ("PUT", "PATCH", "DELETE"):
                self.answers(method, path, ok())
        self.answers("POST", "/cdrs", ok(headers={"Location": "https://emsp.example.com/cdrs/77"}))

    def answers(self, method: str, path: str, answer: Answer) -> None:
        self.server.answers[method, path] = answer

    @property
    def heard(self) -> list[tuple[str, str]]:
        """What was asked of it, as method and path, since the last look."""
        return [(seen.method, seen.path) for seen in self.take()]

    def take(self) -> Sequence[Seen]:
        """The requests since the last look."""
        seen = list(self.server.seen)
        self.server.seen.clear()
        return seen


@pytest.fixture
def loop(aws: None) -> Loop:
    return Loop()


@pytest.fixture
def emsp(loop: Loop, connect: Connect) -> Receiver:
    """The platform of the eMSP NL/TNM."""
    return Receiver(connect("EMSP NL TNM", offers=OFFERS))


def routing(seen: Seen) -> list[str]:
    """From whom to whom, as the headers say."""
    names = ("from-country-code", "from-party-id", "to-country-code", "to-party-id")
    return [seen.headers[f"ocpi-{name}"] for name in names]


def stored_location() -> dict[str, Any]:
    """Our Location as it is stored now, as the stream tells it."""
    (item,) = [i for i in boto3.client("dynamodb").scan(TableName="objects")["Items"] if i["sk"]["S"] == "OBJECT"]
    return item


@pytest.mark.requirement("LOC-16", "ROU-05")
def test_a_new_location_is_put_whole_to_the_emsp_and_small_changes_are_patched(loop: Loop, emsp: Receiver) -> None:
    own.put_location(LOCATION)
    loop.run()
    (put,) = emsp.take()
    assert (put.method, put.path) == ("PUT", LOCATION_PATH)
    assert put.body == LOCATION | own.PARTY
    assert put.token == "token-of-TNM"
    assert routing(put) == ["NL", "OCS", "NL", "TNM"]
    own.patch_location({"name": "Station", "last_updated": LATER})
    loop.run()
    (patch,) = emsp.take()
    assert (patch.method, patch.path) == ("PATCH", LOCATION_PATH)
    assert patch.body == {"name": "Station", "last_updated": LATER}


@pytest.mark.requirement("LOC-41", "LOC-16")
def test_a_planned_status_that_takes_effect_is_patched_to_its_evse(loop: Loop, emsp: Receiver) -> None:
    plan = [{"period_begin": LATER, "status": "INOPERATIVE"}]
    own.put_location(LOCATION | {"evses": [EVSE | {"status_schedule": plan}, EVSE | {"uid": "E2"}]})
    loop.run()
    emsp.take()
    own.patch_location({"status": "INOPERATIVE", "last_updated": LATER}, evse_uid="E1")
    loop.run()
    (patch,) = emsp.take()
    assert (patch.method, patch.path) == ("PATCH", f"{LOCATION_PATH}/E1")
    assert patch.body == {"status": "INOPERATIVE", "last_updated": LATER}


@pytest.mark.requirement("LOC-17")
def test_an_evse_that_is_taken_away_is_pushed_as_removed(loop: Loop, emsp: Receiver) -> None:
    own.put_location(LOCATION)
    loop.run()
    emsp.take()
    own.put_location(LOCATION | {"evses": [EVSE], "last_updated": LATER})
    loop.run()
    (patch,) = emsp.take()
    assert (patch.method, patch.path) == ("PATCH", f"{LOCATION_PATH}/E2")
    assert patch.body == {"status": "REMOVED", "last_updated": LATER}


@pytest.mark.requirement("LOC-16")
def test_a_change_to_one_connector_is_patched_there(loop: Loop, emsp: Receiver) -> None:
    own.put_location(LOCATION)
    loop.run()
    emsp.take()
    own.patch_location({"tariff_ids": ["T1"], "last_updated": LATER}, evse_uid="E1", connector_id="1")
    loop.run()
    (patch,) = emsp.take()
    assert (patch.method, patch.path) == ("PATCH", f"{LOCATION_PATH}/E1/1")
    assert patch.body == {"tariff_ids": ["T1"], "last_updated": LATER}


@pytest.mark.requirement("LOC-16")
def test_decision_21_what_takes_a_field_away_or_adds_an_evse_is_put_whole(loop: Loop, emsp: Receiver) -> None:
    own.put_location(LOCATION | {"name": "Station"})
    loop.run()
    own.put_location(LOCATION | {"last_updated": LATER})
    loop.run()
    own.put_location(EVSE | {"uid": "E3", "last_updated": LAST}, location_id="L1", evse_uid="E3")
    loop.run()
    assert emsp.heard == [("PUT", LOCATION_PATH)] * 3


def test_a_change_is_sent_once_however_often_it_is_told(loop: Loop, emsp: Receiver) -> None:
    again = Loop()
    own.put_location(LOCATION)
    loop.run()
    again.run()
    own.put_location(LOCATION)
    loop.run()
    assert emsp.heard == [("PUT", LOCATION_PATH)]


def test_a_change_of_which_the_stream_told_when_it_was_outdated_brings_the_newest_state(
    loop: Loop, emsp: Receiver
) -> None:
    own.put_location(LOCATION)
    loop.run()
    emsp.take()
    first = stored_location()
    own.patch_location({"name": "Station", "last_updated": LATER})
    record = {"eventID": "1", "dynamodb": {"OldImage": first, "NewImage": stored_location()}}
    import_module("outbox.app").handler({"Records": [record]}, None)
    own.patch_location({"city": "Amersfoort", "last_updated": LAST})
    loop.run()
    (patch,) = emsp.take()
    assert patch.method == "PATCH"
    assert patch.body == {"name": "Station", "city": "Amersfoort", "last_updated": LAST}


def test_several_changes_at_once_are_one_patch(loop: Loop, emsp: Receiver) -> None:
    own.put_location(LOCATION)
    loop.run()
    emsp.take()
    own.patch_location({"name": "Station", "last_updated": LATER})
    own.patch_location({"city": "Amersfoort", "last_updated": LAST})
    loop.run()
    (patch,) = emsp.take()
    assert patch.body == {"name": "Station", "city": "Amersfoort", "last_updated": LAST}


@pytest.mark.requirement("TRA-33")
@pytest.mark.parametrize(
    "refusal", [(404, {"status_code": 2003}), (200, {"status_code": 2001}), (405, {"status_code": 2000})]
)
def test_a_patch_that_is_refused_makes_us_look_and_put_the_whole(loop: Loop, emsp: Receiver, refusal: Answer) -> None:
    own.put_location(LOCATION)
    loop.run()
    emsp.take()
    emsp.answers("PATCH", LOCATION_PATH, refusal)
    own.patch_location({"name": "Station", "last_updated": LATER})
    loop.run()
    patch, get, put = emsp.take()
    assert (patch.method, get.method, put.method) == ("PATCH", "GET", "PUT")
    assert get.path == put.path == LOCATION_PATH
    assert put.body == LOCATION | own.PARTY | {"name": "Station", "last_updated": LATER}


@pytest.mark.requirement("TRA-33")
def test_a_partner_that_has_the_change_although_it_refused_it_is_left_alone(loop: Loop, emsp: Receiver) -> None:
    own.put_location(LOCATION)
    loop.run()
    emsp.take()
    changed = LOCATION | own.PARTY | {"name": "Station", "last_updated": LATER}
    emsp.answers("PATCH", LOCATION_PATH, (200, {"status_code": 2000}))
    emsp.answers("GET", LOCATION_PATH, ok(changed))
    own.patch_location({"name": "Station", "last_updated": LATER})
    loop.run()
    assert [method for method, _ in emsp.heard] == ["PATCH", "GET"]


@pytest.mark.parametrize("failure", [(500, {"status_code": 3000}), (200, {"status_code": 3000}), (200, b"<html>")])
def test_after_a_failure_the_next_change_is_put_whole(loop: Loop, emsp: Receiver, failure: Answer) -> None:
    own.put_location(LOCATION)
    loop.run()
    emsp.take()
    emsp.answers("PATCH", LOCATION_PATH, failure)
    own.patch_location({"name": "Station", "last_updated": LATER})
    loop.run()
    loop.run()
    assert emsp.heard == [("PATCH", LOCATION_PATH)]
    emsp.answers("PATCH", LOCATION_PATH, ok())
    own.patch_location({"name": "Central", "last_updated": LAST})
    loop.run()
    (put,) = emsp.take()
    assert (put.method, put.body["name"]) == ("PUT", "Central")


def test_a_partner_that_takes_no_patch_gets_whole_objects(loop: Loop, emsp: Receiver) -> None:
    partners = Partners("partners")
    known = partners.get(emsp.id)
    assert known
    partners.replace(known, {"quirks": frozenset({Quirk.NO_PATCH})})
    own.put_location(LOCATION)
    loop.run()
    own.patch_location({"name": "Station", "last_updated": LATER})
    loop.run()
    assert emsp.heard == [("PUT", LOCATION_PATH)] * 2


@pytest.mark.requirement("SES-19", "SES-17")
def test_a_session_goes_to_the_emsp_of_its_token_and_new_periods_are_appended(loop: Loop, emsp: Receiver) -> None:
    own.put_session(SESSION | {"charging_periods": [PERIOD]})
    loop.run()
    (put,) = emsp.take()
    assert (put.method, put.path) == ("PUT", "/sessions/NL/OCS/S1")
    assert put.body == SESSION | own.PARTY | {"charging_periods": [PERIOD]}
    assert routing(put) == ["NL", "OCS", "NL", "TNM"]
    second = PERIOD | {"start_date_time": LATER}
    own.patch_session({"kwh": 2.5, "charging_periods": [second], "last_updated": LATER})
    loop.run()
    (patch,) = emsp.take()
    assert (patch.method, patch.path) == ("PATCH", "/sessions/NL/OCS/S1")
    assert patch.body == {"kwh": 2.5, "charging_periods": [second], "last_updated": LATER}
    own.put_session(SESSION | {"charging_periods": [second], "last_updated": LAST})
    loop.run()
    (corrected,) = emsp.take()
    assert (corrected.method, corrected.body["charging_periods"]) == ("PUT", [second])


@pytest.mark.requirement("SES-19")
def test_a_contracted_scsp_hears_of_sessions_too(loop: Loop, emsp: Receiver, connect: Connect) -> None:
    scsp = Receiver(connect("SCSP NL SCS", offers=OFFERS))
    own.put_session(SESSION)
    loop.run()
    (put,) = scsp.take()
    assert routing(put) == ["NL", "OCS", "NL", "SCS"]
    assert emsp.heard == [("PUT", "/sessions/NL/OCS/S1")]


@pytest.mark.requirement("CDR-38", "CDR-05")
def test_a_cdr_is_posted_once_to_the_emsp_of_its_token_and_its_url_is_kept(loop: Loop, emsp: Receiver) -> None:
    own.post_cdr(CDR)
    loop.run()
    (post,) = emsp.take()
    assert (post.method, post.path) == ("POST", "/cdrs")
    assert post.body == CDR | own.PARTY
    assert routing(post) == ["NL", "OCS", "NL", "TNM"]
    kept = Deliveries("deliveries").get(emsp.id, own.own_id(ModuleID.CDRS, "C1"))
    assert kept
    assert kept.url == "https://emsp.example.com/cdrs/77"


@pytest.mark.requirement("CDR-20")
def test_a_cdr_is_sent_with_an_address_as_short_as_the_specification_allows(loop: Loop, emsp: Receiver) -> None:
    long = {"address": "Straat " * 10, "state": "Provincie " * 4}
    own.post_cdr(CDR | {"cdr_location": CDR["cdr_location"] | long})
    loop.run()
    (post,) = emsp.take()
    assert len(post.body["cdr_location"]["address"]) == 45
    assert len(post.body["cdr_location"]["state"]) == 20


@pytest.mark.requirement("ROU-21")
def test_sessions_and_cdrs_concern_no_other_emsp(loop: Loop, emsp: Receiver, connect: Connect) -> None:
    other = Receiver(connect("EMSP DE ABC", offers=OFFERS))
    own.put_session(SESSION)
    own.post_cdr(CDR)
    loop.run()
    assert other.heard == []
    assert len(emsp.heard) == 2


@pytest.mark.requirement("TAR-05")
def test_decision_3_a_tariff_is_put_and_deleted_never_patched(loop: Loop, emsp: Receiver) -> None:
    own.put_tariff(TARIFF)
    loop.run()
    own.put_tariff(TARIFF | {"currency": "USD", "last_updated": LATER})
    loop.run()
    own.delete_tariff("T1")
    loop.run()
    own.put_tariff(TARIFF | {"last_updated": LAST})
    loop.run()
    assert [method for method, _ in emsp.heard] == ["PUT", "PUT", "DELETE", "PUT"]


def test_what_was_sent_is_logged_and_holds_up_nothing(loop: Loop, emsp: Receiver) -> None:
    own.put_tariff(TARIFF)
    logger.setLevel("INFO")  # the tests log errors only
    try:
        loop.run()
    finally:
        logger.setLevel("ERROR")
    assert [method for method, _ in emsp.heard] == ["PUT"]


@pytest.mark.requirement("TOK-05")
def test_a_token_is_invalidated_at_the_cpo(loop: Loop, connect: Connect) -> None:
    cpo = Receiver(connect("CPO NL SIM", offers=OFFERS))
    own.put_token(TOKEN)
    loop.run()
    (put,) = cpo.take()
    assert (put.method, put.path) == ("PUT", "/tokens/NL/OCS/012345678?type=RFID")
    assert routing(put) == ["NL", "OCS", "NL", "SIM"]
    own.put_token(TOKEN | {"valid": False, "last_updated": LATER})
    loop.run()
    (patch,) = cpo.take()
    assert (patch.method, patch.path) == ("PATCH", "/tokens/NL/OCS/012345678?type=RFID")
    assert patch.body == {"valid": False, "last_updated": LATER}


@pytest.mark.parametrize("failure", [(200, b"<html>"), (200, {"status_code": 3000}), ok()])
def test_the_log_of_pushes_names_no_uid_of_a_token(
    loop: Loop, connect: Connect, monkeypatch: pytest.MonkeyPatch, failure: Answer
) -> None:
    logged: list[dict[str, object]] = []
    for level in ("info", "warning"):
        monkeypatch.setattr(logger, level, lambda message, **fields: logged.append(fields | {"message": message}))
    cpo = Receiver(connect("CPO NL SIM", offers=OFFERS))
    cpo.answers("PUT", "/tokens/NL/OCS/012345678", failure)
    own.put_token(TOKEN)
    loop.run()
    (entry,) = [entry for entry in logged if entry["message"] in ("push", "not pushed")]
    assert (entry["partner_id"], entry["ocpi_module"]) == ("sim", "tokens")
    assert cpo.server.url in str(entry) or failure[1] != b"<html>"
    assert TOKEN["uid"] not in str(logged)


def test_what_was_delivered_is_kept_for_90_days(loop: Loop, emsp: Receiver, time: Callable[..., None]) -> None:
    own.put_location(LOCATION)
    loop.run()
    (item,) = [
        item
        for item in boto3.client("dynamodb").scan(TableName="deliveries")["Items"]
        if item["pk"]["S"].startswith("DELIVERED#")
    ]
    assert int(item["expires_at"]["N"]) == int((clock.now() + timedelta(days=90)).timestamp())


ROLES = ("EMSP", "NSP", "NAP", "SCSP", "OTHER", "CPO")


def test_decision_3_locations_and_tariffs_are_for_readers_and_tokens_for_cpos(loop: Loop, connect: Connect) -> None:
    partners = {role: Receiver(connect(f"{role} NL {role[:3]}", offers=OFFERS)) for role in ROLES}
    own.put_location(LOCATION)
    own.put_tariff(TARIFF)
    own.put_token(TOKEN)
    loop.run()
    heard = {role: {path.split("/")[1] for _, path in partner.heard} for role, partner in partners.items()}
    assert heard.pop("CPO") == {"tokens"}
    assert set(map(frozenset, heard.values())) == {frozenset({"locations", "tariffs"})}


def test_a_partner_without_the_receiver_interface_or_connection_hears_nothing(loop: Loop, connect: Connect) -> None:
    silent = Receiver(connect("EMSP NL TNM", offers=[("tariffs", "RECEIVER"), ("locations", "SENDER")]))
    suspended = Receiver(connect("EMSP DE ABC", offers=OFFERS))
    partners = Partners("partners")
    known = partners.get(suspended.id)
    assert known
    partners.replace(known, {"status": "SUSPENDED"})
    own.put_location(LOCATION)
    loop.run()
    assert (silent.heard, suspended.heard) == ([], [])


def test_what_partners_own_is_not_pushed_on(loop: Loop, emsp: Receiver, connection: Connection) -> None:
    reply = request("PUT", "/ocpi/2.2.1/receiver/locations/NL/SIM/L1", token=connection.token, body=LOCATION)
    assert reply.status_code == 1000
    loop.run()
    assert emsp.heard == []
    assert connection.partner.seen == []


@pytest.fixture
def hub(loop: Loop, connect: Connect) -> Receiver:
    """A hub, NL/HUB."""
    return Receiver(connect("HUB NL HUB", offers=[*OFFERS, ("hubclientinfo", "SENDER")]))


@pytest.mark.requirement("ROU-13")
def test_what_is_for_everybody_is_broadcast_by_the_hub(loop: Loop, hub: Receiver) -> None:
    own.put_location(LOCATION)
    own.put_tariff(TARIFF)
    own.put_token(TOKEN)
    loop.run()
    seen = hub.take()
    assert {each.path.split("/")[1] for each in seen} == {"locations", "tariffs", "tokens"}
    assert {tuple(routing(each)) for each in seen} == {("NL", "OCS", "NL", "HUB")}


@pytest.mark.requirement("ROU-21")
def test_sessions_and_cdrs_go_through_the_hub_to_the_party_concerned(loop: Loop, hub: Receiver) -> None:
    own.put_session(SESSION)
    own.post_cdr(CDR)
    loop.run()
    seen = hub.take()
    assert sorted(each.method for each in seen) == ["POST", "PUT"]
    assert {tuple(routing(each)) for each in seen} == {("NL", "OCS", "NL", "TNM")}


@pytest.mark.requirement("ROU-21")
def test_a_hub_gets_no_session_of_a_party_that_is_connected_directly(loop: Loop, hub: Receiver, emsp: Receiver) -> None:
    own.put_session(SESSION)
    loop.run()
    assert hub.heard == []
    assert len(emsp.heard) == 1


def test_a_hub_gets_no_session_of_a_driver_of_our_own(loop: Loop, hub: Receiver) -> None:
    own.put_session(SESSION | {"cdr_token": SESSION["cdr_token"] | own.PARTY})
    loop.run()
    assert hub.heard == []


def test_decision_29_an_endpoint_that_ends_in_a_slash_is_joined_by_one(loop: Loop, emsp: Receiver) -> None:
    partners = Partners("partners")
    known = partners.get(emsp.id)
    assert known
    endpoints = [end.model_copy(update={"url": f"{end.url}/"}) for end in known.endpoints]
    partners.replace(known, {"endpoints": endpoints})
    own.put_location(LOCATION)
    own.post_cdr(CDR)
    loop.run()
    assert set(emsp.heard) == {("PUT", LOCATION_PATH), ("POST", "/cdrs")}


@pytest.mark.requirement("HUB-10", "HUB-11", "HUB-12", "HUB-09")
@pytest.mark.parametrize("status", ["OFFLINE", "PLANNED", "SUSPENDED"])
def test_a_party_that_a_hub_cannot_reach_is_sent_nothing_until_it_is_connected(
    loop: Loop, connect: Connect, status: str
) -> None:
    connection = connect("HUB NL HUB", offers=OFFERS)
    hub = Receiver(connection)
    info = {"country_code": "NL", "party_id": "TNM", "role": "EMSP", "status": status, "last_updated": LATER}
    url = "/ocpi/2.2.1/receiver/hubclientinfo/NL/TNM"
    assert request("PUT", url, token=connection.token, body=info).status_code == 1000
    own.put_session(SESSION)
    loop.run()
    assert hub.heard == []
    connected = info | {"status": "CONNECTED", "last_updated": LAST}
    assert request("PUT", url, token=connection.token, body=connected).status_code == 1000
    loop.run()
    assert hub.heard == [], "it is looked at again in a while"
    own.patch_session({"kwh": 2.5, "last_updated": LATER})
    loop.run()
    assert hub.heard == [("PUT", "/sessions/NL/OCS/S1")]
