"""What goes over the wire to partners, and what of their answers is kept."""

import pytest

from ocpi.parties.calling import Calling
from ocpi.parties.secrets import Safe
from ocpi.store.objects import Objects
from ocpi.store.partners import Partners
from ocpi.transport.client import PartnerClient
from tests.functions.conftest import Connection
from tests.partner import Answer, Seen, ok


@pytest.fixture
def client(connection: Connection) -> PartnerClient:
    """Calls the partner."""
    known = Partners("partners").get(connection.partner_id)
    assert known
    return Calling(Safe("alias/token"), allow_private=True, objects=Objects("objects")).client(known, None)


def test_a_patch_carries_the_changed_fields(connection: Connection, client: PartnerClient) -> None:
    def patched(seen: Seen) -> Answer:
        return ok(seen.body)

    connection.partner.answers["PATCH", "/x"] = patched
    answer = client.patch(f"{connection.partner.url}/x", {"kwh": 1})
    assert (answer.ok, answer.data) == (True, {"kwh": 1})


def test_a_post_may_have_no_body(connection: Connection, client: PartnerClient) -> None:
    connection.partner.answers["POST", "/x"] = ok()
    client.post(f"{connection.partner.url}/x")
    (seen,) = connection.partner.seen
    assert (seen.body, seen.headers["content-length"]) == (None, "0")
    assert "content-type" not in seen.headers


def test_the_headers_of_an_answer_are_kept_in_lower_case(connection: Connection, client: PartnerClient) -> None:
    connection.partner.answers["GET", "/x"] = ok(headers={"Location": "https://x.example/1", "X-Total-Count": "3"})
    answer = client.get(f"{connection.partner.url}/x")
    assert (answer.headers["location"], answer.headers["x-total-count"]) == ("https://x.example/1", "3")
