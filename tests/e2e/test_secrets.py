"""What a run of the platform leaves behind: no secret is in any log, event, record or error.

A partner registers, renews, is sent objects, commands and profiles, sends some itself, errs, fails, and repeats in its
errors what it was sent. Then all that was written anywhere is searched.
"""

import base64
import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest

from local.aws import Stack
from tests.e2e.backend import Backend
from tests.e2e.client import Client, ocpi
from tests.e2e.waiting import eventually
from tests.objects import CDR, EVSE, LOCATION, PERIOD, SESSION, TOKEN
from tests.partner import ROLES, Answer, Partner, Seen, ok, partner

pytestmark = pytest.mark.e2e

NAME = "secretive"
THEIRS = {"country_code": "NL", "party_id": "SEC"}
OURS = {"country_code": "NL", "party_id": "OCS"}
PARTIES = [ROLES[0] | THEIRS | {"role": role} for role in ("CPO", "EMSP")]
FIRST, SECOND, WRONG = "their-first-token-0123", "their-second-token-with-some-more-letters", "a-token-of-nobody-at-all"
CAPABLE = EVSE | {
    "capabilities": ["CHARGING_PROFILE_CAPABLE", "REMOTE_START_STOP_CAPABLE", "RESERVABLE", "UNLOCK_CAPABLE"]
}
PROFILE = {"charging_rate_unit": "A", "charging_profile_period": [{"start_period": 0, "limit": 10.0}]}
OFFERED = (
    ("tokens", "RECEIVER"),
    ("locations", "RECEIVER"),
    ("sessions", "RECEIVER"),
    ("commands", "RECEIVER"),
    ("commands", "SENDER"),
    ("chargingprofiles", "RECEIVER"),
    ("chargingprofiles", "SENDER"),
)
WITHIN_S = 30


@dataclass
class Needles:
    """What was sent, and must not be found where it does not belong."""

    tokens: set[str] = field(default_factory=set)
    """Credentials tokens and keys, and what was refused: nowhere at all."""
    uids: set[str] = field(default_factory=set)
    """Of drivers' tokens: in objects, requests and events, but in no log."""
    response_ids: set[str] = field(default_factory=set)
    """Of the partner's response URLs: in requests alone."""
    request_ids: set[str] = field(default_factory=set)
    """Of ours: our backend knows a request by it."""


@dataclass
class Run:
    """All that happened: what there is to find, and where to search it."""

    needles: Needles
    sent: str
    """All that went over the wire, as it went."""
    logs: str
    tables: str
    events: str
    letters: str
    shown: str
    """What the command `ocpi` printed, save for the invitation, whose token it is to show."""


@pytest.fixture(scope="module")
def run(stack: Stack) -> Iterator[Run]:
    with partner() as server:
        yield Scene(stack, server).play()


def test_all_that_is_searched_for_was_really_sent(run: Run) -> None:
    """And the searched places hold what they should, so that the other tests can fail."""
    wanted = run.needles.tokens | run.needles.uids | run.needles.response_ids | run.needles.request_ids
    assert found(wanted, run.sent) == wanted
    assert found(run.needles.uids, run.tables) == run.needles.uids
    assert found(run.needles.response_ids, run.tables) == run.needles.response_ids
    assert found(run.needles.request_ids, run.tables) == run.needles.request_ids
    assert found(run.needles.uids, run.events)
    for place in (run.logs, run.tables, run.events, run.shown):
        assert NAME in place


def test_no_credentials_token_is_anywhere(run: Run) -> None:
    for place in (run.logs, run.tables, run.events, run.letters, run.shown):
        assert not found(run.needles.tokens, place)


def test_no_log_tells_a_driver_s_token_or_where_a_result_goes(run: Run) -> None:
    assert not found(run.needles.uids | run.needles.response_ids | run.needles.request_ids, run.logs)
    assert not found(run.needles.uids | run.needles.response_ids, run.letters)


def test_no_event_tells_where_a_result_goes(run: Run) -> None:
    assert not found(run.needles.response_ids, run.events)


def test_what_an_operator_looks_at_tells_neither(run: Run) -> None:
    assert not found(run.needles.uids | run.needles.response_ids | run.needles.request_ids, run.shown)


def found(needles: Iterable[str], text: str) -> set[str]:
    """Which of them are in a text, in clear or in Base64, alone or as a part of something longer."""
    return {needle for needle in needles if any(form in text for form in _forms(needle))}


def _forms(needle: str) -> Iterator[str]:
    yield needle
    for before, unsure in ((0, 0), (1, 2), (2, 3)):
        coded = base64.b64encode(b"\0" * before + needle.encode()).decode()
        yield coded[unsure : len(coded) - (0, 3, 2)[(before + len(needle)) % 3]]


@dataclass
class Scene:
    """Plays one partner on the deployed platform."""

    stack: Stack
    server: Partner
    needles: Needles = field(default_factory=Needles)
    said: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Both the backend and the partner hear from the beginning."""
        self.backend = Backend(self.stack)
        self.backend.hear()
        self.server.serve_versions(*OFFERED)

    def play(self) -> Run:
        """Let all of it happen, and collect what was written."""
        self.register()
        self.push()
        self.be_pushed()
        self.be_commanded()
        self.command()
        self.err()
        self.look()
        return self.collect()

    def register(self) -> None:
        token_a = ocpi(self.stack, "partner", "invite", "--name", NAME)["token"]
        self.client = Client(token_a)
        self.urls = self.client.register(self.stack.versions_url, self.server, token=FIRST, roles=PARTIES)
        first = self.client.token
        self.server.answers["PUT", "/credentials"] = ok(self.server.credentials(SECOND) | {"roles": PARTIES})
        self.show("partner", "rotate", NAME)
        self.client.token = next(seen for seen in self.server.seen if seen.method == "PUT").body["token"]
        assert len({token_a, first, self.client.token}) == 3
        secrets = self._aws("secretsmanager")
        pepper = secrets.get_secret_value(SecretId=self.stack.outputs["TokenPepperSecretId"])["SecretString"]
        self.needles.tokens |= {token_a, first, self.client.token, FIRST, SECOND, WRONG, pepper}
        self.said += [token_a, first, json.dumps(self.server.credentials(FIRST))]

    def push(self) -> None:
        """The partner pushes its objects, right and wrong ones."""
        location = LOCATION | THEIRS | {"evses": [CAPABLE]}
        session = SESSION | THEIRS | {"cdr_token": SESSION["cdr_token"] | OURS | {"uid": self.uid("5E551017")}}
        token = TOKEN | THEIRS | {"uid": self.uid("704E2017"), "contract_id": "NLSEC12345678"}
        cdr = CDR | THEIRS | {"cdr_token": session["cdr_token"]}
        assert self.say("PUT", "locations", "/NL/SEC/L1", location) == 1000
        assert self.say("PUT", "sessions", "/NL/SEC/S1", session) == 1000
        assert self.say("PUT", "tokens", f"/NL/SEC/{token['uid']}", token) == 1000
        assert self.say("POST", "cdrs", "", cdr) == 1000
        other = {"uid": self.uid("0774E201", stored=False)}
        assert self.say("PUT", "tokens", f"/NL/SEC/{token['uid']}", token | other) == 2001
        assert self.say("PUT", "tokens", f"/NL/SEC/{token['uid']}", token | {"valid": "perhaps"}) == 2001
        assert self.say("PUT", "tokens", f"/NL/SEC/{token['uid']}", f"{token} is no object") == 2001
        change = {"valid": False, "last_updated": "2026-11-22T09:00:00Z"}
        assert self.say("PATCH", "tokens", f"/NL/SEC/{other['uid']}", change) == 2004

    def be_pushed(self) -> None:
        """Our objects go to the partner, which refuses some, fails at others, and repeats what it was sent."""

        def refuse(seen: Seen) -> Answer:
            told = f"neither {seen.token} nor {seen.headers['authorization']} may send me {seen.path} {seen.body}"
            return 200, {"status_code": 2004, "status_message": told, "data": seen.body}

        def fail(seen: Seen) -> Answer:
            return 500, f"Traceback: {seen}".encode()

        token = TOKEN | OURS | {"uid": self.uid("0004E201"), "contract_id": "NLOCS12345678"}
        refused = TOKEN | OURS | {"uid": self.uid("4EF05ED1"), "contract_id": "NLOCS12345679"}
        ours = OURS | {"id": "SECRET-S1", "location_id": "SECRET-L1"}
        self.own_session = SESSION | ours | {"cdr_token": SESSION["cdr_token"] | THEIRS | {"uid": self.uid("0005E551")}}
        large = self.own_session | {"id": "SECRET-S2", "charging_periods": [PERIOD] * 200}
        large["cdr_token"] = large["cdr_token"] | {"uid": self.uid("1A46E5E5"), "contract_id": "NLSEC12345670"}
        why = "token 1A46E5E5 of contract NLSEC12345670 is unknown"
        self.server.answers["PUT", "/sessions/NL/OCS/SECRET-S2"] = 200, {"status_code": 2004, "status_message": why}
        location = LOCATION | OURS | {"id": "SECRET-L1", "publish": True, "evses": [CAPABLE]}
        self.server.answers["PUT", f"/tokens/NL/OCS/{token['uid']}"] = ok()
        self.server.answers["PUT", f"/tokens/NL/OCS/{refused['uid']}"] = refuse
        self.server.answers["PUT", "/sessions/NL/OCS/SECRET-S1"] = fail
        self.server.answers["PUT", "/locations/NL/OCS/SECRET-L1"] = ok()
        for path, document in {
            "/locations/NL/OCS/SECRET-L1": location,
            f"/tokens/NL/OCS/{token['uid']}": token,
            f"/tokens/NL/OCS/{refused['uid']}": refused,
            "/sessions/NL/OCS/SECRET-S2": large,
            "/sessions/NL/OCS/SECRET-S1": self.own_session,
        }.items():
            assert self.backend.call("PUT", path, document)[0] == 201, path
            self.asked("PUT", path)

    def be_commanded(self) -> None:
        """The partner sends a command, and profiles."""
        url = f"{self.server.url}/results/{self.response_id('result-of-the-command-9A2B4C6D')}"
        self.server.answers["POST", url.removeprefix(self.server.url)] = ok()
        token = TOKEN | THEIRS | {"uid": self.uid("C0884E2D"), "contract_id": "NLSEC12345679"}
        command = {"token": token, "location_id": "SECRET-L1", "evse_uid": "E1", "response_url": url}
        assert self.say("POST", "commands", "/START_SESSION", command) == 1000
        heard = eventually(lambda: self.backend.event("CommandReceived", kind="START_SESSION"), WITHIN_S)
        self.backend.done("POST", f"/requests/{heard['request_id']}/result", {"result": "ACCEPTED"})
        self.asked("POST", url.removeprefix(self.server.url))
        url = f"{self.server.url}/results/{self.response_id('result-of-the-profile-1F3E5D7C')}"
        profile = {"charging_profile": PROFILE, "response_url": url}
        self.server.answers["POST", url.removeprefix(self.server.url)] = 500, url.encode()
        assert self.say("PUT", "chargingprofiles", "/SECRET-S1", profile) == 1000
        heard = eventually(lambda: self.backend.event("ChargingProfileRequested", kind="SET"), WITHIN_S)
        self.backend.done("POST", f"/requests/{heard['request_id']}/result", {"result": "ACCEPTED"})
        self.asked("POST", url.removeprefix(self.server.url))
        elsewhere = f"https://elsewhere.example/results/{self.response_id('result-of-nobody-7777', stored=False)}"
        assert self.say("PUT", "chargingprofiles", "/SECRET-S1", profile | {"response_url": elsewhere}) == 2001
        assert self.say("GET", "chargingprofiles", f"/SECRET-S1?duration=60&response_url={elsewhere}") == 2001

    def command(self) -> None:
        """We send a command and a profile, and the partner tells wrong results, and right ones."""
        accepted = ok({"result": "ACCEPTED", "timeout": 30})
        self.server.answers["POST", "/commands/START_SESSION"] = accepted
        self.server.answers["PUT", "/chargingprofiles/S1"] = accepted
        token = TOKEN | OURS | {"uid": self.uid("0004E201"), "contract_id": "NLOCS12345678"}
        order = {"partner_id": NAME, "command": {"token": token, "location_id": "L1", "evse_uid": "E1"}}
        self.backend.done("POST", "/commands/START_SESSION", order)
        self.told(self.asked("POST", "/commands/START_SESSION"))
        self.backend.done("PUT", f"/chargingprofiles/{NAME}/NL/SEC/S1", PROFILE)
        self.told(self.asked("PUT", "/chargingprofiles/S1"))

    def err(self) -> None:
        """Wrong tokens, and questions for drivers' tokens that nobody has."""
        for token in (WRONG, *self.needles.tokens):
            self.said.append(token)
            status, _ = Client(token).call("GET", self.stack.versions_url)
            assert status == (200 if token == self.client.token else 401)
        unknown = self.uid("0A0E0704", stored=False)
        url = f"{self.urls['tokens', 'SENDER']}/{unknown}/authorize"
        assert self.client.call("POST", url)[1]["status_code"] == 2004
        self.said.append(url)

    def look(self) -> None:
        """All that an operator may look at."""
        self.show("partner", "list")
        self.show("partner", "show", NAME)
        self.show("dlq", "list")
        self.show("trace", "e2e")

    def collect(self) -> Run:
        """Search nothing yet: only what was written, as soon as the last of it is."""
        time.sleep(3)
        received = [json.dumps([seen.method, seen.path, seen.headers, seen.body]) for seen in self.server.seen]
        return Run(
            needles=self.needles,
            sent="\n".join(self.said + received),
            logs="\n".join(self._logs()),
            tables="\n".join(self._items()),
            events="\n".join(json.dumps(event) for event in self.backend.events()),
            letters="\n".join(self._letters()),
            shown="\n".join(self.shown),
        )

    def uid(self, uid: str, *, stored: bool = True) -> str:
        """A driver's token that is used; `stored` if it is to be found in a table."""
        (self.needles.uids if stored else self.needles.tokens).add(uid)
        return uid

    def response_id(self, id_: str, *, stored: bool = True) -> str:
        """What only who is to tell a result knows."""
        (self.needles.response_ids if stored else self.needles.tokens).add(id_)
        return id_

    def say(self, method: str, module: str, path: str, body: object = None) -> int:
        """Send a request as the partner; the status code of the answer."""
        url = self.urls[module, "RECEIVER"] + path
        self.said.append(json.dumps([method, url, body]))
        return int(self.client.call(method, url, body)[1]["status_code"])

    def asked(self, method: str, path: str) -> Seen:
        """What the partner is sent there, once it is."""

        def there() -> list[Seen]:
            return [seen for seen in self.server.seen if (seen.method, seen.path.partition("?")[0]) == (method, path)]

        seen: Seen = eventually(there, WITHIN_S)[0]
        return seen

    def told(self, seen: Seen) -> None:
        """Tell results of a request: something wrong, and that it is accepted."""
        url = str(seen.body["response_url"])
        self.needles.request_ids.add(url.rpartition("/")[2])
        for result, status_code in (({"result": f"{url} is unsure"}, 2001), ({"result": "ACCEPTED"}, 1000)):
            assert self.client.call("POST", url, result)[1]["status_code"] == status_code

    def show(self, *arguments: str) -> None:
        """Run the command `ocpi` and keep what it prints."""
        self.shown.append(json.dumps([arguments, ocpi(self.stack, *arguments)]))

    def _logs(self) -> Iterator[str]:
        logs = self._aws("logs")
        for page in logs.get_paginator("describe_log_groups").paginate():
            for group in page["logGroups"]:
                for events in logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"]):
                    yield from (event["message"] for event in events["events"])

    def _items(self) -> Iterator[str]:
        dynamodb = self._aws("dynamodb")
        for name in dynamodb.list_tables()["TableNames"]:
            for page in dynamodb.get_paginator("scan").paginate(TableName=name):
                yield from (json.dumps(item, default=str) for item in page["Items"])

    def _letters(self) -> Iterator[str]:
        """Of all queues, since what waits to be tried again may become a dead letter."""
        sqs = self._aws("sqs")
        for url in sqs.list_queues()["QueueUrls"]:
            if not url.endswith("/backend"):
                for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", ()):
                    yield message["Body"]

    def _aws(self, service: Any) -> Any:
        settings = self.stack.environment
        session = boto3.Session(settings["AWS_ACCESS_KEY_ID"], settings["AWS_SECRET_ACCESS_KEY"])
        return session.client(service, endpoint_url=self.stack.aws_endpoint_url, region_name=self.stack.region)
