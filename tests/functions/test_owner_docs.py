"""docs/owner-api.md: every snippet is run, in its order, signed requests and all."""

import asyncio
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from tests.api import request
from tests.conftest import REGION
from tests.functions.conftest import Connect, Connection
from tests.functions.waiting import stored_requests
from tests.loop import Loop
from tests.objects import TOKEN
from tests.owner import PATH, owner
from tests.partner import ok

TEXT = (Path(__file__).parent.parent.parent / "docs" / "owner-api.md").read_text()
RESULT_PATH = "/results/1"


def snippets(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


class Gateway(BaseHTTPRequestHandler):
    """API Gateway: checks the signature and hands the request over."""

    def handle_request(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        asyncio.set_event_loop(loop := asyncio.new_event_loop())
        authorizer = {"iam": {"userArn": "arn:aws:iam::123456789012:user/backend"}} if self._signed(body) else None
        reply = owner(self.command, self.path.removeprefix(PATH), body or None, authorizer=authorizer)
        loop.close()
        content = reply.text.encode()
        self.send_response(reply.status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_PUT = do_PATCH = do_POST = do_DELETE = handle_request  # noqa: N815 - names of the standard library

    def _signed(self, body: bytes) -> bool:
        """Whether the signature is that of the test's credentials, computed anew."""
        given = re.search(r"SignedHeaders=([^,]+), ?Signature=(\w+)", self.headers["authorization"] or "")
        assert given
        headers = {name: self.headers[name] for name in given[1].split(";")}
        again = AWSRequest(self.command, f"http://{self.headers['host']}{self.path}", headers, body)
        again.context["timestamp"] = self.headers["x-amz-date"]
        credentials = boto3.Session().get_credentials()
        assert credentials
        auth = SigV4Auth(credentials, "execute-api", REGION)
        to_sign = auth.string_to_sign(again, auth.canonical_request(again))
        return bool(auth.signature(to_sign, again) == given[2])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of the owner API, which the snippets find in their environment."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    url = f"http://127.0.0.1:{server.server_address[1]}{PATH}"
    monkeypatch.setenv("OWNER_API", url)
    yield url
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def partner(connect: Connect) -> Connection:
    """NL/TNM, an eMSP that is a CPO as well."""
    connection = connect("EMSP NL TNM", "CPO NL TNM", offers=[("commands", "SENDER"), ("commands", "RECEIVER")])
    connection.partner.answers["POST", RESULT_PATH] = ok()
    connection.partner.answers["POST", "/commands/STOP_SESSION"] = ok({"result": "ACCEPTED", "timeout": 30})
    return connection


def test_the_python_snippets_put_a_location_hear_a_command_and_answer_it(
    partner: Connection, gateway: str, capsys: pytest.CaptureFixture[str]
) -> None:
    *before, answer, ask = snippets("python")
    names: dict[str, Any] = {}
    for snippet in before:
        exec(snippet, names)  # noqa: S102 - our own documentation
    assert capsys.readouterr().out == "{'outcome': 'CREATED'}\n{'outcome': 'UPDATED'}\n"

    loop = Loop()
    start = {
        "token": TOKEN,
        "location_id": "garage",
        "evse_uid": "E1",
        "response_url": partner.partner.url + RESULT_PATH,
    }
    path = "/ocpi/2.2.1/receiver/commands/START_SESSION"
    assert request("POST", path, token=partner.token, body=start).data["result"] == "ACCEPTED"
    loop.run()
    exec(answer, names)  # noqa: S102 - our own documentation
    (told,) = [seen for seen in partner.partner.seen if seen.path == RESULT_PATH]
    assert told.body == {"result": "ACCEPTED"}
    assert stored_requests()[-1].status == "CONCLUDED"

    exec(ask, names)  # noqa: S102 - our own documentation
    assert capsys.readouterr().out == "PENDING {'result': 'ACCEPTED', 'timeout': 30}\n"


@pytest.mark.skipif(not shutil.which("curl"), reason="no curl here")
def test_the_curl_snippet_lists_the_partners(partner: Connection, gateway: str) -> None:
    (snippet,) = snippets("sh")
    done = subprocess.run(["/bin/bash", "-euc", snippet], capture_output=True, check=False, timeout=30)
    assert done.returncode == 0, done
    assert [each["id"] for each in json.loads(done.stdout)] == ["tnm"]


def test_the_json_snippets_are_what_they_say(aws: None) -> None:
    policy, problem = map(json.loads, snippets("json"))
    assert policy["Action"] == "execute-api:Invoke"
    body = {"country_code": "NL", "party_id": "OCS", "id": "garage"}
    reply = owner("PUT", "/locations/NL/OCS/garage", body)
    assert reply.body.keys() == problem.keys()


def test_every_path_of_the_table_is_offered() -> None:
    document = json.loads((Path(__file__).parent.parent.parent / "docs" / "owner-api.openapi.json").read_text())
    offered = {re.sub(r"{\w+}", "{}", path.removeprefix(PATH)) for path in document["paths"]}
    table = TEXT.partition("| what | paths")[2].partition("\n\n")[0]
    for path in re.findall(r"`(/[^`?]+)", table):
        plain = re.sub(r"{\w+}", "{}", path.replace("{module}", "tariffs") if path.startswith("/{module}") else path)
        whole = plain.replace("[", "").replace("]", "")
        assert {whole, plain.partition("[")[0]} <= offered, path
