"""The owner API: the eMSP's backend tells a CPO how a driver wants to charge."""

from typing import Any

import pytest

from tests.functions.conftest import Connect, Connection
from tests.owner import Reply, owner
from tests.partner import ok

PATH = "/chargingpreferences/sim/NL/SIM/S1"
AT_THE_CPO = "/sessions/S1/charging_preferences"
WISHES: dict[str, Any] = {"profile_type": "GREEN", "departure_time": "2026-11-22T16:00:00Z", "energy_need": 20.5}


@pytest.fixture
def cpo(connect: Connect) -> Connection:
    """The CPO NL/SIM, which gives Sessions."""
    return connect("CPO NL SIM", offers=[("sessions", "SENDER")])


def put(wishes: object = WISHES) -> Reply:
    return owner("PUT", PATH, wishes)


def test_what_the_driver_wants_is_put_at_the_cpo_as_it_is_and_its_answer_told(cpo: Connection) -> None:
    cpo.partner.answers["PUT", AT_THE_CPO] = ok("ACCEPTED")
    reply = put()
    assert (reply.status, reply.body) == (200, {"response": "ACCEPTED"})
    (seen,) = cpo.partner.seen
    assert seen.body == WISHES
    assert (seen.headers["ocpi-from-party-id"], seen.headers["ocpi-to-party-id"]) == ("OCS", "SIM")


def test_wrong_wishes_are_not_sent(cpo: Connection) -> None:
    reply = put(WISHES | {"profile_type": "SLOW"})
    assert reply.status == 400
    assert "/profile_type" in reply.detail
    assert cpo.partner.seen == []


@pytest.mark.parametrize("answer", [ok("MAYBE"), ok(), (404, {"status_code": 2001}), (200, b"<html>")])
def test_a_cpo_that_gives_no_answer_is_a_bad_gateway(cpo: Connection, answer: Any) -> None:
    cpo.partner.answers["PUT", AT_THE_CPO] = answer
    assert put().status == 502


def test_a_partner_without_sessions_is_a_bad_gateway(connect: Connect) -> None:
    connect("CPO NL SIM", offers=[])
    reply = put()
    assert reply.status == 502
    assert "sessions" in reply.detail


def test_an_unknown_partner_is_404(cpo: Connection) -> None:
    assert owner("PUT", "/chargingpreferences/nobody/NL/SIM/S1", WISHES).status == 404
