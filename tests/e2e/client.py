"""A CPO that knows OCPI and nothing of this code: the standard library, a token and a URL."""

import base64
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.aws import Stack
from tests.partner import Partner


def ocpi(stack: Stack, *arguments: str, stdin: str | None = None) -> Any:
    """Run the command `ocpi` with --json as an operator does, in a process of its own."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("ocpi")), *arguments, "--json"],
        env={**os.environ, **stack.environment},
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@dataclass
class Client:
    """Calls the platform over HTTP."""

    token: str

    def call(self, method: str, url: str, body: object = None) -> tuple[int, dict[str, Any]]:
        """The HTTP status and the envelope of an answer."""
        request = urllib.request.Request(  # noqa: S310 - http to 127.0.0.1
            url,
            method=method,
            data=json.dumps(body).encode() if body is not None else None,
            headers={
                "Authorization": f"Token {base64.b64encode(self.token.encode()).decode()}",
                "Content-Type": "application/json",
                "X-Request-ID": "e2e",
                "X-Correlation-ID": "e2e",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def register(self, versions_url: str, partner: Partner, **changes: object) -> dict[tuple[str, str], str]:
        """Register as `partner`, with changed credentials; the token becomes the final one.

        Returns the platform's URLs by module and role.
        """
        _, versions = self.call("GET", versions_url)
        details_url = next(each["url"] for each in versions["data"] if each["version"] == "2.2.1")
        _, details = self.call("GET", details_url)
        urls = {(end["identifier"], end["role"]): end["url"] for end in details["data"]["endpoints"]}
        status, answer = self.call("POST", urls["credentials", "SENDER"], partner.credentials() | changes)
        assert (status, answer["status_code"]) == (200, 1000), answer
        self.token = answer["data"]["token"]
        return urls
