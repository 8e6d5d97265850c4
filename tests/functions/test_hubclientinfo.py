"""HubClientInfo: what a hub tells us of its clients, and what we tell as a hub."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ocpi.parties.calling import Calling, NotConnected
from ocpi.parties.secrets import Safe
from ocpi.store.objects import Objects
from ocpi.store.partner import PartnerStatus
from ocpi.store.partners import Partners
from ocpi.transport.headers import Routing
from ocpi.types.parties import Party
from tests.api import Reply, deployed_as, request
from tests.functions.conftest import Connect, Connection, Register
from tests.objects import LOCATION, without

RECEIVER = "/ocpi/2.2.1/receiver/hubclientinfo/NL/TNM"
SENDER = "/ocpi/2.2.1/sender/hubclientinfo"
INFO: dict[str, Any] = {
    "party_id": "TNM",
    "country_code": "NL",
    "role": "EMSP",
    "status": "CONNECTED",
    "last_updated": "2026-11-22T08:00:00Z",
}
LATER = "2026-11-22T09:00:00Z"


@pytest.fixture
def hub(connect: Connect) -> Connection:
    """A hub, NL/HUB."""
    return connect("HUB NL HUB", offers=[("tokens", "SENDER")])


def put(token: str, document: dict[str, Any]) -> Reply:
    return request("PUT", RECEIVER, token=token, body=document)


class TestReceiver:
    @pytest.mark.requirement("HUB-02", "HUB-03", "HUB-07")
    def test_what_a_hub_tells_is_kept_replaced_and_read(self, hub: Connection) -> None:
        assert request("GET", RECEIVER, token=hub.token).http_status == 404
        assert put(hub.token, INFO).http_status == 201
        assert request("GET", RECEIVER, token=hub.token).data == INFO
        offline = INFO | {"status": "OFFLINE", "last_updated": LATER}
        assert put(hub.token, offline).http_status == 200
        assert put(hub.token, INFO).status_code == 1000
        assert request("GET", RECEIVER.lower(), token=hub.token).data == offline

    @pytest.mark.requirement("HUB-07")
    def test_decision_28_each_role_of_a_party_counts_by_itself(self, hub: Connection) -> None:
        put(hub.token, INFO)
        assert put(hub.token, INFO | {"role": "CPO", "status": "OFFLINE"}).http_status == 201
        put(hub.token, INFO | {"last_updated": LATER})
        assert request("GET", RECEIVER, token=hub.token).data["role"] == "EMSP"
        put(hub.token, INFO | {"role": "CPO", "status": "PLANNED", "last_updated": "2026-11-22T10:00:00Z"})
        assert request("GET", RECEIVER, token=hub.token).data["status"] == "PLANNED"

    @pytest.mark.requirement("HUB-07", "HUB-08")
    @pytest.mark.parametrize("field", INFO)
    def test_a_missing_field_is_2001_and_named(self, hub: Connection, field: str) -> None:
        reply = put(hub.token, without(INFO, field))
        assert reply.status_code == 2001
        assert f"/{field}" in reply.message

    @pytest.mark.requirement("HUB-07", "HUB-08")
    @pytest.mark.parametrize("change", [{"status": "GONE"}, {"role": "DRIVER"}, {"party_id": "XXX"}])
    def test_a_wrong_field_is_2001_and_named(self, hub: Connection, change: dict[str, str]) -> None:
        reply = put(hub.token, INFO | change)
        assert (reply.status_code, reply.message.split(":")[0]) == (2001, f"/{next(iter(change))}")

    @pytest.mark.requirement("HUB-03")
    @pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
    def test_it_is_only_put_and_read(self, hub: Connection, method: str) -> None:
        put(hub.token, INFO)
        assert request(method, RECEIVER, token=hub.token, body=INFO).http_status == 405
        assert request("GET", RECEIVER, token=hub.token).data == INFO

    def test_only_a_hub_tells_of_others(self, register: Register) -> None:
        token = register("CPO NL SIM")
        assert put(token, INFO).http_status == 404
        assert request("GET", RECEIVER, token=token).http_status == 404

    @pytest.mark.parametrize("party", ["NLD/TNM", "NL/FOUR", f"NL/{'x' * 2000}"])
    def test_what_can_be_no_party_is_404(self, hub: Connection, party: str) -> None:
        assert request("GET", f"/ocpi/2.2.1/receiver/hubclientinfo/{party}", token=hub.token).http_status == 404

    @pytest.mark.requirement("ROU-02")
    def test_it_is_not_routed(self, hub: Connection) -> None:
        headers = {"OCPI-from-country-code": "NL", "OCPI-from-party-id": "HUB", "OCPI-to-party-id": "XXX"}
        reply = request("PUT", RECEIVER, token=hub.token, body=INFO, headers=headers)
        assert reply.http_status == 201
        assert not [name for name in reply.headers if name.startswith("ocpi-")]


class TestRespect:
    """What a hub tells is respected when we call a party behind it."""

    @staticmethod
    def call(hub: Connection, party_id: str) -> None:
        partner = Partners("partners").get(hub.partner_id)
        assert partner
        calling = Calling(Safe("alias/token"), allow_private=True, objects=Objects("objects"))
        client = calling.client(partner, Routing(Party("NL", "OCS"), Party("NL", party_id)))
        client.get(f"{hub.partner.url}/versions")

    @pytest.mark.requirement("HUB-10", "HUB-11", "HUB-12")
    @pytest.mark.parametrize("status", ["OFFLINE", "PLANNED", "SUSPENDED"])
    def test_who_is_not_connected_is_sent_nothing(self, hub: Connection, status: str) -> None:
        put(hub.token, INFO | {"status": status})
        with pytest.raises(NotConnected, match=f"NL/TNM is {status} at the hub hub"):
            self.call(hub, "TNM")
        assert hub.partner.seen == []

    @pytest.mark.requirement("HUB-09")
    def test_who_is_back_is_called_again(self, hub: Connection) -> None:
        put(hub.token, INFO | {"status": "OFFLINE"})
        put(hub.token, INFO | {"last_updated": LATER})
        self.call(hub, "TNM")
        assert len(hub.partner.seen) == 1

    def test_who_is_connected_in_one_role_is_called(self, hub: Connection) -> None:
        put(hub.token, INFO)
        put(hub.token, INFO | {"role": "CPO", "status": "PLANNED", "last_updated": LATER})
        self.call(hub, "TNM")

    def test_the_hub_itself_and_who_is_not_known_are_called(self, hub: Connection) -> None:
        put(hub.token, INFO | {"status": "OFFLINE"})
        self.call(hub, "HUB")
        self.call(hub, "XXX")

    @pytest.mark.requirement("HUB-09", "ROU-19")
    def test_objects_of_a_party_behind_the_hub_are_taken(self, hub: Connection) -> None:
        put(hub.token, INFO | {"role": "CPO"})
        headers = {"OCPI-from-country-code": "NL", "OCPI-from-party-id": "HUB"}
        url = "/ocpi/2.2.1/receiver/locations/NL/TNM/L1"
        location = LOCATION | {"party_id": "TNM"}
        assert request("PUT", url, token=hub.token, body=location, headers=headers).http_status == 201
        assert request("GET", url, token=hub.token).data == location


class TestAsHub:
    """We are the hub: our partners are its clients."""

    @pytest.fixture(autouse=True)
    def _hub(self, aws: None) -> Iterator[None]:
        with deployed_as("HUB NL OCS"):
            yield

    @pytest.fixture
    def clients(self, register: Register, time: Callable[..., None]) -> str:
        """The token of the CPO NL/SIM; an hour later comes a platform of two roles."""
        token = register("CPO NL SIM")
        time(hours=1)
        register("EMSP NL TNM", "CPO BE TNM")
        return token

    @staticmethod
    def set_status(status: PartnerStatus) -> None:
        partners = Partners("partners")
        known = partners.get("tnm")
        assert known
        partners.replace(known, {"status": status})

    @pytest.mark.requirement("HUB-01", "HUB-07")
    def test_clients_are_listed_by_role(self, clients: str) -> None:
        reply = request("GET", SENDER, token=clients)
        assert reply.data == [
            {"country_code": "BE", "role": "CPO"}
            | without(INFO, "role")
            | {"country_code": "BE", "last_updated": LATER},
            INFO | {"last_updated": LATER},
        ]
        assert (reply.headers["x-total-count"], reply.headers["x-limit"]) == ("2", "100")
        assert "link" not in reply.headers

    @pytest.mark.requirement("HUB-01")
    def test_they_are_paged(self, clients: str) -> None:
        first = request("GET", f"{SENDER}?limit=1", token=clients)
        link = first.headers["link"]
        second = request("GET", link[link.index("/ocpi/") : link.index(">")], token=clients)
        assert [info["country_code"] for info in first.data + second.data] == ["BE", "NL"]
        assert "link" not in second.headers
        assert [info["country_code"] for info in request("GET", f"{SENDER}?offset=1", token=clients).data] == ["NL"]
        assert request("GET", f"{SENDER}?offset=2", token=clients).data == []

    @pytest.mark.requirement("HUB-01")
    @pytest.mark.parametrize(
        ("query", "count"),
        [
            (f"date_from={LATER}", 2),
            ("date_from=2026-11-22T09:00:01Z", 0),
            (f"date_to={LATER}", 0),
            ("date_to=2026-11-22T09:00:01Z", 2),
        ],
    )
    def test_they_are_filtered_by_time_of_change(self, clients: str, query: str, count: int) -> None:
        reply = request("GET", f"{SENDER}?{query}", token=clients)
        assert (len(reply.data), reply.headers["x-total-count"]) == (count, str(count))

    @pytest.mark.requirement("HUB-08")
    @pytest.mark.parametrize(
        ("status", "told"),
        [
            (PartnerStatus.SUSPENDED, "OFFLINE"),
            (PartnerStatus.INVITED, "PLANNED"),
            (PartnerStatus.UNREGISTERED, "SUSPENDED"),
        ],
    )
    def test_the_status_is_that_of_the_connection(self, clients: str, status: PartnerStatus, told: str) -> None:
        self.set_status(status)
        assert {info["status"] for info in request("GET", SENDER, token=clients).data} == {told}

    @pytest.mark.requirement("HUB-01")
    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
    def test_they_are_only_read(self, clients: str, method: str) -> None:
        assert request(method, SENDER, token=clients, body=INFO).http_status == 405

    @pytest.mark.requirement("CRE-28")
    def test_a_hub_names_itself_and_nobody_behind_it(self, clients: str) -> None:
        roles = request("GET", "/ocpi/2.2.1/credentials", token=clients).data["roles"]
        assert [(role["role"], role["country_code"], role["party_id"]) for role in roles] == [("HUB", "NL", "OCS")]
        details = request("GET", "/ocpi/2.2.1", token=clients).data
        offered = {(end["identifier"], end["role"]) for end in details["endpoints"]}
        assert offered == {("credentials", "SENDER"), ("hubclientinfo", "SENDER")}
        assert request("PUT", RECEIVER, token=clients, body=INFO).http_status == 404
