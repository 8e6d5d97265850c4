"""The local AWS that runs in this folder, as 'make local' and 'make live' announce it."""

import os
import socket
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError

from cli.failure import Failure

PLACES = {"make local": Path(".local/stack.json"), "make live": Path(".local/live/aws/stack.json")}
"""Where each says how to reach it."""

_CHOSEN = ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN", "AWS_ROLE_ARN")


class LocalAws(BaseModel):
    """How to reach one, and the file that maps its time."""

    aws_endpoint_url: str
    region: str
    clock_file: str

    @property
    def is_up(self) -> bool:
        """Whether anybody answers there: who was killed has left the file behind."""
        place = urlsplit(self.aws_endpoint_url)
        try:
            socket.create_connection((place.hostname or "", place.port or 0), timeout=1).close()
        except OSError:
            return False
        return True


def prefer_local_aws() -> None:
    """Without any AWS settings, the local AWS that runs in this folder is meant. It takes any credentials, and its time
    is the time.

    Raises:
        Failure: two run here, and nobody says which is meant.
    """
    if not any(os.environ.get(name) for name in _CHOSEN):
        _choose()
    if not is_local():
        return
    os.environ.setdefault("AWS_ACCESS_KEY_ID", "test")
    os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "test")
    os.environ.setdefault("AWS_DEFAULT_REGION", os.environ.get("AWS_REGION", "us-east-1"))
    for each in _announced().values():
        if each.aws_endpoint_url == os.environ["AWS_ENDPOINT_URL"].rstrip("/"):
            os.environ.setdefault("CLOCK_FILE", each.clock_file)


def is_local() -> bool:
    """Whether a local AWS is worked on."""
    return urlsplit(os.environ.get("AWS_ENDPOINT_URL", "")).hostname in ("127.0.0.1", "localhost")


def _choose() -> None:
    up = {started_by: each for started_by, each in _announced().items() if each.is_up}
    if len(up) > 1:
        exports = (f"\n  export AWS_ENDPOINT_URL={each.aws_endpoint_url}  # {by}" for by, each in up.items())
        raise Failure(f"{' and '.join(up)} both run in this folder: end one of them, or choose:{''.join(exports)}")
    for each in up.values():
        os.environ |= {"AWS_ENDPOINT_URL": each.aws_endpoint_url, "AWS_DEFAULT_REGION": each.region}


def _announced() -> dict[str, LocalAws]:
    """Those that a file tells of, by what has started them."""
    found = {}
    for started_by, place in PLACES.items():
        with suppress(FileNotFoundError, ValidationError):
            found[started_by] = LocalAws.model_validate_json(place.read_bytes())
    return found
