"""What waits for a person, and how it is tried again."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from pydantic import BaseModel

from cli import letters
from ocpi.push.due import DueObjects, Given
from ocpi.push.messages import ProfileMessage, PullMessage, Reason, SiteMessage, Wake, Wanted
from ocpi.requests.deadlines import Deadline
from ocpi.store.keys import ObjectId
from ocpi.types.versions import ModuleID
from tests import own
from tests.command import OUTPUTS, Ocpi
from tests.functions.conftest import Connection
from tests.loop import Loop
from tests.objects import LOCATION, TARIFF
from tests.partner import Answer, ok

LETTERS = {
    "push": "PushDeadLettersUrl",
    "optimize": "OptimizeDeadLettersUrl",
    "timeouts": "TimeoutDeadLettersUrl",
    "pull": "PullDeadLettersUrl",
    "outbox": "OutboxDeadLettersUrl",
}
SOURCES = {
    "push": "PushQueueUrl",
    "optimize": "OptimizeQueueUrl",
    "timeouts": "TimeoutQueueUrl",
    "pull": "PullQueueUrl",
}
WANTED = Wanted(country_code="NL", party_id="SIM", session_id="S1", request_id="request")
PROFILE = ProfileMessage(partner_id="cpo", location="L1", requests=(WANTED,))
PROFILES = ProfileMessage(partner_id="cpo", location="L1", requests=(WANTED, WANTED, WANTED))
LOCATION_PUT = ("PUT", "/locations/NL/OCS/L1")
REFUSAL: Answer = (400, {"status_code": 2001, "status_message": "no such country"})

type ApiCall = Callable[[BaseClient, str, dict[str, Any]], dict[str, Any]]


@pytest.fixture(autouse=True)
def dead_letters(aws: None) -> None:
    """The dead-letter queues."""
    for output in LETTERS.values():
        name = OUTPUTS[output].rpartition("/")[2]
        attributes = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
        boto3.client("sqs").create_queue(QueueName=name, Attributes=attributes)  # type: ignore[arg-type]  # just that


def bury(name: str, message: BaseModel | str, group: str = "") -> None:
    """Put a message among the dead letters of a queue."""
    body = message if isinstance(message, str) else message.model_dump_json()
    fifo = {"MessageGroupId": group, "MessageDeduplicationId": f"{group}{body}"} if group else {}
    boto3.client("sqs").send_message(QueueUrl=OUTPUTS[LETTERS[name]], MessageBody=body, **fifo)  # type: ignore[arg-type]


def taken(url: str) -> list[tuple[str, str]]:
    """The bodies of the messages that are in a queue, each with its group, which are then no longer there."""
    sqs = boto3.client("sqs")
    found: list[tuple[str, str]] = []
    while messages := sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"]
    ).get("Messages"):
        for message in messages:
            found.append((message["Body"], message["Attributes"].get("MessageGroupId", "")))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def waiting(ocpi: Ocpi) -> dict[str, int]:
    """How much waits, by its place; without those where nothing does."""
    return {row["name"]: row["waiting"] for row in ocpi("dlq", "list", "--json").json if row["waiting"]}


def heard(partner: Connection) -> list[tuple[str, str]]:
    """What a partner was asked since the last look."""
    seen = [(seen.method, seen.path) for seen in partner.partner.seen]
    partner.partner.seen.clear()
    return seen


def refuse(partner: Connection, loop: Loop) -> None:
    """Let a partner refuse our Location L1, so that it is parked."""
    partner.partner.answers[LOCATION_PUT] = REFUSAL
    own.put_location(LOCATION)
    loop.run()
    assert LOCATION_PUT in heard(partner)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[..., dict[str, Any]]]:
    """Operations of AWS that are answered by a test, by name."""
    answered: dict[str, Callable[..., dict[str, Any]]] = {}
    usual: ApiCall = BaseClient._make_api_call  # type: ignore[attr-defined]

    def call(client: BaseClient, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        if operation in answered:
            return answered[operation](client, **parameters)
        return usual(client, operation, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", call)
    return answered


def test_nothing_waits(ocpi: Ocpi) -> None:
    printed = ocpi("dlq", "list")
    assert printed.out.endswith("Nothing waits for a person.\n")
    assert all(name in printed.out for name in LETTERS)


def test_all_that_waits_is_listed_with_the_oldest_of_it(ocpi: Ocpi, tnm: Connection, loop: Loop) -> None:
    refuse(tnm, loop)
    bury("push", Wake(partner_id="tnm"), "tnm")
    bury("push", PROFILE, PROFILE.group)
    bury("optimize", SiteMessage(site_id="garage", reason=Reason.SESSION), "garage")
    bury("timeouts", Deadline(request_id="request"))
    bury("pull", PullMessage(partner_id="tnm", module=ModuleID.TOKENS), "tnm")
    bury("outbox", letter("1", "2"))
    rows = {row["name"]: row for row in ocpi("dlq", "list", "--json").json}
    assert {name: row["waiting"] for name, row in rows.items()} == {
        "push": 2,
        "optimize": 1,
        "timeouts": 1,
        "pull": 1,
        "outbox": 1,
        "objects": 1,
    }
    assert (rows["objects"]["partner_id"], rows["objects"]["refused"], rows["objects"]["failed"]) == ("tnm", 1, 0)
    now = datetime.now(UTC)
    for row in rows.values():
        assert (now - datetime.fromisoformat(row["oldest"])).total_seconds() < 60
    words = ocpi("dlq", "list").out
    assert "1 refused, 0 failed" in words
    assert words.endswith("'ocpi dlq show NAME' tells what each is about.\n")


@pytest.mark.parametrize(
    ("name", "message", "about"),
    [
        ("push", Wake(partner_id="tnm"), "what is due to partner tnm"),
        ("push", PROFILE, "the charging profile of session NL/SIM/S1 at partner cpo"),
        ("push", PROFILES, "the charging profile of session NL/SIM/S1 and of 2 more at partner cpo"),
        ("optimize", SiteMessage(site_id="garage", reason=Reason.SCHEDULE), "a plan of site garage"),
        ("timeouts", Wake(partner_id="tnm"), "what is due to partner tnm"),
        ("timeouts", Deadline(request_id="R7"), "the end of request R7"),
        ("pull", PullMessage(partner_id="tnm", module=ModuleID.TOKENS), "the list of tokens of partner tnm"),
        ("pull", "{}", "something that this version of the command does not know"),
    ],
)
def test_it_is_told_what_a_letter_is_about_and_it_stays(
    ocpi: Ocpi, name: str, message: BaseModel | str, about: str
) -> None:
    bury(name, message, "" if name == "timeouts" else "group")
    ocpi("dlq", "show", name)
    (shown,) = ocpi("dlq", "show", name, "--json").json
    assert shown["about"].startswith(about)
    assert shown["received"] == 2
    assert shown["first_received"]
    printed = ocpi("dlq", "show", name).out
    assert about in printed
    assert f"1 of 1. 'ocpi dlq redrive {name}' tries them again." in printed
    assert waiting(ocpi) == {name: 1}


@pytest.mark.parametrize("name", SOURCES)
def test_letters_go_back_to_where_they_came_from_in_their_order(ocpi: Ocpi, name: str) -> None:
    fifo = name != "timeouts"
    sent = [(Wake(partner_id=f"{group}{number}").model_dump_json(), group) for group in "ab" for number in range(12)]
    for body, group in sent:
        bury(name, body, group if fifo else "")
    printed = ocpi("dlq", "redrive", name, "--all")
    assert (printed.exit_code, printed.out) == (0, f"'{name}': 24 tried again, 0 others left.\n")
    moved = taken(OUTPUTS[SOURCES[name]])
    if fifo:
        for group in "ab":
            assert [each for each in moved if each[1] == group] == [each for each in sent if each[1] == group]
    else:
        assert {body for body, _ in moved} == {body for body, _ in sent}
    again = ocpi("dlq", "redrive", name, "--all")
    assert (again.exit_code, again.out) == (
        0,
        f"Nothing of that kind waits in '{name}'.\n",
    )


def test_a_redriven_message_does_its_work(ocpi: Ocpi, tnm: Connection, loop: Loop) -> None:
    own.put_location(LOCATION)
    DueObjects("deliveries").mark("tnm", own.own_id(ModuleID.LOCATIONS, "L1"), datetime.now(UTC))
    bury("push", Wake(partner_id="tnm"), "tnm")
    ocpi("dlq", "redrive", "push", "--partner", "tnm")
    Loop().run()
    assert heard(tnm) == [LOCATION_PUT]


def test_a_redrive_that_is_killed_before_the_letter_is_deleted_does_no_harm(
    ocpi: Ocpi,
    tnm: Connection,
    calls: dict[str, Callable[..., dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own.put_location(LOCATION)
    DueObjects("deliveries").mark("tnm", own.own_id(ModuleID.LOCATIONS, "L1"), datetime.now(UTC))
    bury("push", Wake(partner_id="tnm"), "tnm")

    def killed(_client: BaseClient, **_: object) -> dict[str, Any]:
        raise KeyboardInterrupt

    calls["DeleteMessageBatch"] = killed
    monkeypatch.setattr(letters, "WORKED_ON_S", 0)  # the letter is hidden no longer
    assert ocpi("dlq", "redrive", "push", "--all").exit_code
    del calls["DeleteMessageBatch"]
    assert waiting(ocpi) == {"push": 1}
    assert ocpi("dlq", "redrive", "push", "--all", "--json").json["redriven"] == 1
    Loop().run()
    assert heard(tnm) == [LOCATION_PUT], "it was woken twice and sent the Location once"


def test_letters_are_chosen_by_partner_module_or_id(ocpi: Ocpi, tnm: Connection) -> None:
    for partner in ("tnm", "other"):
        for module in (ModuleID.TOKENS, ModuleID.LOCATIONS):
            bury("pull", PullMessage(partner_id=partner, module=module), partner)
    dry = ocpi("dlq", "redrive", "pull", "--partner", "tnm", "--dry-run")
    assert dry.out == "'pull': 2 would be tried again, 2 others left.\n"
    assert waiting(ocpi) == {"pull": 4}
    told = ocpi("dlq", "redrive", "pull", "--partner", "tnm", "--module", "tokens", "--json").json
    assert told == {"name": "pull", "redriven": 1, "failed": [], "left": 3, "dry_run": False}
    assert [body for body, _ in taken(OUTPUTS["PullQueueUrl"])] == [
        PullMessage(partner_id="tnm", module=ModuleID.TOKENS).model_dump_json()
    ]
    shown = ocpi("dlq", "show", "pull", "--json").json
    (chosen,) = [each["id"] for each in shown if each["partner_id"] == "tnm"]
    assert ocpi("dlq", "redrive", "pull", "--id", chosen, "--json").json["redriven"] == 1
    none = ocpi("dlq", "redrive", "pull", "--partner", "tnm")
    assert none.exit_code == 0
    assert none.out == "Nothing of that kind waits in 'pull'; 2 others are there.\n"
    assert waiting(ocpi) == {"pull": 2}


def test_what_the_queue_refuses_stays(ocpi: Ocpi, calls: dict[str, Callable[..., dict[str, Any]]]) -> None:
    bury("timeouts", Deadline(request_id="R1"))
    calls["SendMessageBatch"] = lambda _client, **parameters: {
        "Failed": [{"Id": entry["Id"], "Code": "Busy", "SenderFault": False} for entry in parameters["Entries"]]
    }
    printed = ocpi("dlq", "redrive", "timeouts", "--all")
    assert printed.exit_code == 1
    assert "is still there: the queue refused it: Busy" in printed.out
    assert waiting(ocpi) == {"timeouts": 1}


def test_what_there_is_no_sense_in_is_let_go(ocpi: Ocpi, tnm: Connection, loop: Loop) -> None:
    refuse(tnm, loop)
    for request_id in ("R1", "R2"):
        bury("timeouts", Deadline(request_id=request_id))
    first, _ = ocpi("dlq", "show", "timeouts", "--json").json
    printed = ocpi("dlq", "drop", "timeouts", "--id", first["id"])
    assert printed.out == "'timeouts': 1 let go, 1 others left.\n"
    assert taken(OUTPUTS["TimeoutQueueUrl"]) == []
    assert ocpi("dlq", "drop", "objects", "--all", "--json").json == {"name": "objects", "dropped": 1, "left": 0}
    loop.run()
    assert heard(tnm) == []
    assert waiting(ocpi) == {"timeouts": 1}


def test_what_to_redrive_has_to_be_said(ocpi: Ocpi) -> None:
    printed = ocpi("dlq", "redrive", "push")
    assert (printed.exit_code, printed.out) == (1, "")
    assert printed.err == ("ocpi: say which: --all, --id ID, --partner NAME or --module MODULE\n")
    assert ocpi("dlq", "redrive", "push", "--partner", "nobody").err == (
        "ocpi: there is no partner 'nobody'; 'ocpi partner list' shows all\n"
    )


@pytest.mark.parametrize("command", ["redrive", "drop"])
def test_what_is_named_and_not_there_is_told(ocpi: Ocpi, tnm: Connection, loop: Loop, command: str) -> None:
    refuse(tnm, loop)
    bury("timeouts", Deadline(request_id="R1"))
    (letter_id,) = [each["id"] for each in ocpi("dlq", "show", "timeouts", "--json").json]
    for place, there in (("timeouts", letter_id), ("objects", "l1")):
        printed = ocpi("dlq", command, place, "--id", there, "--id", "nope")
        assert (printed.exit_code, printed.out[: printed.out.index(",")].split()[1]) == (1, "1")
        assert printed.err.strip() == f"ocpi: nothing with the id 'nope' waits in '{place}'"
    assert ocpi("dlq", "redrive", "objects", "--dry-run", "--id", "nope").exit_code == 1


@pytest.mark.parametrize("command", ["redrive", "drop"])
def test_all_of_them_and_some_of_them_is_a_wrong_use(ocpi: Ocpi, command: str) -> None:
    printed = ocpi("dlq", command, "push", "--all", "--id", "x")
    assert printed.exit_code == 2
    assert "--all and --id exclude each other" in printed.err


def test_an_object_that_was_refused_is_shown_and_sent_again(ocpi: Ocpi, tnm: Connection, loop: Loop) -> None:
    refuse(tnm, loop)
    (shown,) = ocpi("dlq", "show", "objects", "--partner", "tnm", "--json").json
    assert (shown["partner_id"], shown["module"], shown["object"]) == ("tnm", "locations", "NL/OCS/L1")
    assert (shown["given"], shown["attempts"]) == ("REFUSED", 1)
    assert "no such country" in shown["reason"]
    assert "no such country" in ocpi("dlq", "show", "objects").out
    tnm.partner.answers[LOCATION_PUT] = ok()
    assert ocpi("dlq", "redrive", "objects", "--all", "--dry-run").out.startswith("'objects': 1 would be tried again")
    assert ocpi("dlq", "redrive", "objects", "--id", "l1").out == "'objects': 1 tried again, 0 others left.\n"
    loop.run()
    assert heard(tnm) == [LOCATION_PUT]
    assert waiting(ocpi) == {}
    assert ocpi("dlq", "redrive", "objects", "--all").exit_code == 0


def test_no_uid_of_a_token_is_shown_whole(ocpi: Ocpi, tnm: Connection) -> None:
    due = DueObjects("deliveries")
    for uid in ("04A1B2C3", "X"):
        due.mark("tnm", own.own_id(ModuleID.TOKENS, f"{uid}*RFID"), datetime.now(UTC))
    for mark in due.all("tnm"):
        due.park(mark, Given.REFUSED, f"HTTP 400: the token {mark.object_id.id.lower()} is unknown")
    for options in ([], ["--json"]):
        printed = ocpi("dlq", "show", "objects", *options).out
        assert "04a1b2c3" not in printed.lower()
        assert "X" not in printed
        assert "NL/OCS/…2C3*RFID" in printed
        assert "NL/OCS/…*RFID" in printed
    reasons = {row["reason"] for row in ocpi("dlq", "show", "objects", "--json").json}
    assert reasons == {"HTTP 400: the token …2C3*rfid is unknown", "HTTP 400: the token …*rfid is unknown"}
    assert ocpi("dlq", "redrive", "objects", "--id", "04a1b2c3", "--json").json["redriven"] == 1


# ---------------------------------------------------------------- the letters of the streams


def letter(start: str, end: str, stream: str = "arn:aws:dynamodb:eu-central-1:1:table/objects/stream/x") -> str:
    """What Lambda tells of changes that the outbox could not handle."""
    return json.dumps(
        {
            "requestContext": {
                "requestId": "c9b8fa9f-5a7f-xmpl-af9c-0c604cde93a5",
                "functionArn": "arn:aws:lambda:eu-central-1:123456789012:function:outbox",
                "condition": "RetryAttemptsExhausted",
                "approximateInvokeCount": 11,
            },
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
            "version": "1.0",
            "timestamp": "2026-11-22T08:31:00.000Z",
            "DDBStreamBatchInfo": {
                "shardId": "shardId-00000001541626099285-f35f62ef",
                "startSequenceNumber": start,
                "endSequenceNumber": end,
                "approximateArrivalOfFirstRecord": "2026-11-22T08:30:00Z",
                "approximateArrivalOfLastRecord": "2026-11-22T08:30:30Z",
                "batchSize": 2,
                "streamArn": stream,
            },
        }
    )


class Stream:
    """The stream of the objects table, and the outbox that reads it."""

    def __init__(self) -> None:
        stream: Any = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
        table = boto3.client("dynamodb").update_table(TableName="objects", StreamSpecification=stream)
        self.arn = table["TableDescription"]["LatestStreamArn"]
        self.fails = False
        self.handled: list[dict[str, Any]] = []

    def changes(self) -> list[dict[str, Any]]:
        """All that stands in the stream."""
        streams = boto3.client("dynamodbstreams")
        (shard,) = streams.describe_stream(StreamArn=self.arn)["StreamDescription"]["Shards"]
        iterator = streams.get_shard_iterator(
            StreamArn=self.arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        return list(streams.get_records(ShardIterator=iterator)["Records"])  # type: ignore[arg-type]  # as they come

    def bury(self, first: int = 0, last: int = -1) -> None:
        """Make a letter of some of the changes."""
        numbers = [change["dynamodb"]["SequenceNumber"] for change in self.changes()]
        bury("outbox", letter(numbers[first], numbers[last], self.arn))

    def invoke(self, _client: BaseClient, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - as boto3 names them
        """As Lambda does."""
        assert FunctionName == OUTPUTS["OutboxFunctionName"]
        if self.fails:
            return {"StatusCode": 200, "FunctionError": "Unhandled"}
        event = json.loads(Payload)
        self.handled += event["Records"]
        import_module("outbox.app").handler(event, None)
        return {"StatusCode": 200}


@pytest.fixture
def stream(aws: None, calls: dict[str, Callable[..., dict[str, Any]]], monkeypatch: pytest.MonkeyPatch) -> Stream:
    monkeypatch.setenv("AWS_ACCOUNT_ID_ENDPOINT_MODE", "disabled")  # moto knows no endpoints of accounts
    stream = Stream()
    calls["Invoke"] = stream.invoke
    return stream


def test_it_is_told_which_changes_were_not_handled(ocpi: Ocpi) -> None:
    bury("outbox", letter("100", "101"))
    (shown,) = ocpi("dlq", "show", "outbox", "--json").json
    assert shown["about"] == "2 changes of the table objects, the first at 2026-11-22T08:30:00Z"


def test_changes_that_were_not_handled_are_read_from_the_stream_and_reach_the_partner(
    ocpi: Ocpi, tnm: Connection, stream: Stream
) -> None:
    own.put_location(LOCATION)
    own.put_tariff(TARIFF)
    stream.bury()
    loop = Loop()  # which hears nothing of what was before it
    loop.run()
    assert heard(tnm) == []
    assert ocpi("dlq", "redrive", "outbox", "--all").out == "'outbox': 1 tried again, 0 others left.\n"
    loop.run()
    assert set(heard(tnm)) == {LOCATION_PUT, ("PUT", "/tariffs/NL/OCS/T1")}
    assert waiting(ocpi) == {}
    first = stream.handled[0]
    assert first["eventSourceARN"] == stream.arn
    assert first["eventID"]


def test_only_the_changes_of_the_letter_are_handled_again_and_objects_as_they_are_now(
    ocpi: Ocpi, tnm: Connection, stream: Stream
) -> None:
    own.put_location(LOCATION)
    own.put_tariff(TARIFF)
    changes = [change["dynamodb"]["Keys"]["sk"]["S"] for change in stream.changes()]
    stream.bury(0, changes.index("OBJECT"))
    own.patch_location({"name": "Newer", "last_updated": "2026-11-22T09:00:00Z"})
    own.delete_tariff("T1")
    ocpi("dlq", "redrive", "outbox", "--all")
    (handled,) = [record for record in stream.handled if record["dynamodb"]["Keys"]["sk"]["S"] == "OBJECT"]
    assert '"Newer"' in handled["dynamodb"]["NewImage"]["document"]["S"]
    assert [due.object_id for due in DueObjects("deliveries").all("tnm")] == [own.own_id(ModuleID.LOCATIONS, "L1")]


def test_an_object_that_is_gone_again_is_no_change(ocpi: Ocpi, tnm: Connection, stream: Stream) -> None:
    own.put_tariff(TARIFF)
    stream.bury()
    own.delete_tariff("T1")
    assert ocpi("dlq", "redrive", "outbox", "--all").exit_code == 0
    assert DueObjects("deliveries").all("tnm") == []


def test_changes_that_the_outbox_cannot_handle_again_stay(ocpi: Ocpi, stream: Stream) -> None:
    own.put_location(LOCATION)
    stream.bury()
    stream.fails = True
    printed = ocpi("dlq", "redrive", "outbox", "--all")
    assert printed.exit_code == 1
    assert "is still there: the outbox has failed again; its log tells why" in printed.out
    assert waiting(ocpi) == {"outbox": 1}
    stream.fails = False
    assert ocpi("dlq", "redrive", "outbox", "--all").exit_code == 0


@pytest.mark.parametrize("error", ["TrimmedDataAccessException", "ResourceNotFoundException"])
def test_changes_that_are_no_longer_in_the_stream_are_told_with_what_to_do(
    ocpi: Ocpi, calls: dict[str, Callable[..., dict[str, Any]]], error: str
) -> None:
    def trimmed(client: BaseClient, **_: object) -> dict[str, Any]:
        raise getattr(client.exceptions, error)({"Error": {"Code": error, "Message": "gone"}}, "GetShardIterator")

    calls["GetShardIterator"] = trimmed
    bury("outbox", letter("100", "101"))
    printed = ocpi("dlq", "redrive", "outbox", "--all")
    assert printed.exit_code == 1
    assert "its 2 changes are no longer in the stream, which keeps them for 24 hours" in printed.out
    assert "ocpi partner resend NAME" in printed.out
    assert waiting(ocpi) == {"outbox": 1}


def test_a_letter_that_is_none_of_a_stream_stays(ocpi: Ocpi) -> None:
    bury("outbox", "{}")
    printed = ocpi("dlq", "redrive", "outbox", "--all")
    assert printed.exit_code == 1
    assert "is still there: it does not say where in a stream its changes stand" in printed.out
    assert waiting(ocpi) == {"outbox": 1}


def test_object_ids_of_other_modules_are_shown_whole(ocpi: Ocpi, tnm: Connection) -> None:
    due = DueObjects("deliveries")
    due.mark("tnm", ObjectId("@own", ModuleID.CDRS, "NL", "OCS", "C1"), datetime.now(UTC))
    due.park(due.all("tnm")[0], Given.FAILED, "no answer within 10 s")
    assert "NL/OCS/C1" in ocpi("dlq", "show", "objects").out
