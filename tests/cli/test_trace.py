"""`ocpi trace`: exchanges are found again in the logs of the stack, where CloudWatch keeps them."""

import json
import time
from collections.abc import Iterable
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient

from ocpi.transport.client import PartnerClient, PartnerUnreachable
from ocpi.transport.headers import Routing
from tests.api import request
from tests.command import Ocpi
from tests.exchange_log import logging_exchanges
from tests.partner import partner

GROUPS = ("ocpi-versions", "ocpi-credentials")
_call: Any = BaseClient._make_api_call  # type: ignore[attr-defined]  # there is no other place to step in
CHAIN = {"x-request-id": "request-1", "x-correlation-id": "a/chain|1"}


@pytest.fixture
def queries(aws: None, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The stack with its log groups; what its queries answer before they come to their end may be put here."""
    answers: list[dict[str, Any]] = []

    def call(client: BaseClient, operation: str, arguments: dict[str, Any]) -> Any:
        if operation == "ListStackResources":
            assert arguments["StackName"] == "ocpi"
            table = {"ResourceType": "AWS::DynamoDB::Table", "PhysicalResourceId": "objects"}
            groups = ({"ResourceType": "AWS::Logs::LogGroup", "PhysicalResourceId": name} for name in GROUPS)
            return {"StackResourceSummaries": [table, *groups]}
        if operation == "GetQueryResults" and answers:
            return answers.pop(0)
        return _call(client, operation, arguments)

    for group in GROUPS:
        boto3.client("logs").create_log_group(logGroupName=group)
    monkeypatch.setattr(BaseClient, "_make_api_call", call)
    monkeypatch.setattr("cli.trace.ASK_EVERY_S", 0)
    return answers


def keep(group: str, lines: Iterable[str], age_s: int = 0) -> None:
    """A function has written these lines."""
    logs, now = boto3.client("logs"), int((time.time() - age_s) * 1000)
    logs.create_log_stream(logGroupName=group, logStreamName="instance")
    logs.put_log_events(
        logGroupName=group,
        logStreamName="instance",
        logEvents=[{"timestamp": now, "message": line} for line in lines],
    )


@pytest.fixture
def registered(ocpi: Ocpi, queries: list[dict[str, Any]]) -> str:
    """A CPO has registered under one correlation id, and asked for our versions under another; its token."""
    token_a = ocpi("partner", "invite", "--name", "Demo CPO", "--json").json["token"]
    with partner() as cpo, logging_exchanges() as credentials:
        cpo.serve_versions()
        reply = request("POST", "/ocpi/2.2.1/credentials", token=token_a, body=cpo.credentials(), headers=CHAIN)
    with logging_exchanges() as versions:
        request("GET", "/ocpi/versions", token=reply.data["token"], headers={"x-request-id": "[/x]"})
    keep(GROUPS[0], ["START RequestId: 1", *versions.lines, '{"message":"no JSON'])
    keep(GROUPS[1], credentials.lines)
    return str(reply.data["token"])


def test_all_that_belongs_together_is_shown_in_order_of_time(ocpi: Ocpi, registered: str) -> None:
    found = ocpi("trace", "a/chain|1", "--json").json
    assert [each["direction"] for each in found] == ["IN", "OUT", "OUT"], "a request begins before those it causes"
    assert found == sorted(found, key=lambda each: str(each["time"]))
    assert {each["correlation_id"] for each in found} == {"a/chain|1"}
    assert json.loads(found[0]["request"])["token"] == "***"
    shown = ocpi("trace", "a/chain|1").out
    for each in found:
        assert each["url"] in shown
    assert "demo-cpo" in shown
    assert "business_details" not in shown


def test_on_a_narrow_terminal_each_exchange_has_lines_of_its_own(
    ocpi: Ocpi, registered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = ocpi("trace", "a/chain|1", "--json").json
    monkeypatch.setenv("COLUMNS", "80")
    lines = ocpi("trace", "a/chain|1").out.splitlines()
    assert [line.strip() for line in lines[1::2]] == [f"{each['method']} {each['url']}" for each in found]
    assert [line.split(maxsplit=2)[2] for line in lines[::2]] == [
        f"{each['direction']} demo-cpo HTTP 200 OCPI 1000 {each['milliseconds']} ms" for each in found
    ]


@pytest.mark.parametrize("columns", ["80", "200"])
def test_what_was_asked_is_not_repeated_in_what_was_wrong(
    ocpi: Ocpi, queries: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    client = PartnerClient(
        "token", allow_private=True, routing=Routing(None, None), correlation_id="c", partner_id="demo"
    )
    url = "http://127.0.0.1:9/2.2.1/locations/NL/OCS/L1"
    with logging_exchanges() as log, pytest.raises(PartnerUnreachable):
        client.put(url, {})
    keep(GROUPS[0], log.lines)
    monkeypatch.setenv("COLUMNS", columns)
    shown = ocpi("trace", "c").out
    assert shown.count(url) == 1, "it is told which object it was about"
    assert "the connection was refused" in shown


def test_an_x_request_id_and_a_partner_are_found_too(ocpi: Ocpi, registered: str) -> None:
    (by_request,) = ocpi("trace", "[/x]", "--json").json
    assert (by_request["url"], by_request["function"]) == ("/ocpi/versions", "test")
    of_partner = ocpi("trace", "--partner", "Demo CPO", "--json").json
    assert {"/ocpi/2.2.1/credentials", "/ocpi/versions"} <= {each["url"] for each in of_partner}


def test_bodies_are_shown_if_wanted(ocpi: Ocpi, registered: str) -> None:
    shown = ocpi("trace", "a/chain|1", "--bodies").out
    assert "business_details" in shown
    assert "X-Request-ID request-1, X-Correlation-ID a/chain|1" in shown
    assert registered not in shown


@pytest.mark.parametrize("given", [["nothing"], ["chain"], ["a/chain|1", "--since", "1m"]])
def test_what_is_not_found_is_told_with_what_to_look_at(
    ocpi: Ocpi, queries: list[dict[str, Any]], given: list[str]
) -> None:
    with logging_exchanges() as log:
        request("GET", "/ocpi/versions", token="nobody's", headers=CHAIN)
    keep(GROUPS[0], log.lines, age_s=600)
    assert ocpi("trace", "a/chain|1", "--since", "1h").exit_code == 0
    printed = ocpi("trace", *given)
    assert (printed.exit_code, printed.out) == (1, "")
    for reason in ("--since", "LogRetentionDays", "LogLevel", "seconds"):
        assert reason in printed.err
    assert len(printed.err.splitlines()) == 1


def test_a_query_that_takes_its_time_is_waited_for_and_one_that_fails_is_told(
    ocpi: Ocpi, queries: list[dict[str, Any]]
) -> None:
    queries += [{"status": "Scheduled"}, {"status": "Running"}, {"status": "Timeout", "results": []}]
    printed = ocpi("trace", "x")
    assert printed.exit_code == 1
    assert "Timeout" in printed.err
    assert queries == []


@pytest.mark.parametrize("given", [[], ["x", "--partner", "y"], ["x", "--since", "2w"], ["x", "--since", "soon"]])
def test_what_makes_no_sense_is_a_wrong_use(ocpi: Ocpi, given: list[str]) -> None:
    assert ocpi("trace", *given).exit_code == 2


def test_an_unknown_partner_is_told(ocpi: Ocpi) -> None:
    assert "there is no partner 'nobody'" in ocpi("trace", "--partner", "nobody").err


def test_commands_that_call_partners_print_no_log(ocpi: Ocpi) -> None:
    with partner() as cpo, logging_exchanges() as log:
        cpo.serve_versions()
        cpo.answers["POST", "/credentials"] = 200, {"status_code": 1000, "data": cpo.credentials()}
        ocpi("partner", "register", cpo.versions_url, "--name", "Demo CPO", "--token", "A", "--json")
        assert cpo.seen
    assert log.lines == []
