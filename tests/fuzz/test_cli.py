"""Whatever an operator types, the command line answers in plain words."""

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli import main as cli
from cli.deployment import Deployment
from tests.conftest import ROLES
from tests.fuzz.amount import examples
from tests.fuzz.mutations import STRINGS
from tests.fuzz.platform import Platform

pytestmark = pytest.mark.slow

_DEPLOYMENT = Deployment(
    {
        "ObjectsTable": "objects",
        "PartnersTable": "partners",
        "SitesTable": "sites",
        "TokenPepperSecretId": "pepper",
        "TokenKeyId": "alias/token",
        "PublicBaseUrl": "https://ocpi.example.com",
        "AllowPrivatePartners": "true",
        "Roles": ROLES,
    }
)
TYPED = st.sampled_from([text for text in STRINGS if "\0" not in text and len(text) < 1_000]) | st.text(
    alphabet=st.characters(exclude_characters="\0"), max_size=30
)
"""Whatever a shell can pass on: bytes that are no UTF-8 come as lone surrogates, zero bytes not at all."""

ROLE = TYPED | st.sampled_from(
    [
        "CPO:NL/SIM",
        "cpo:nl/sim",
        "CPO",
        "CPO:",
        ":NL/SIM",
        "CPO:NL",
        "CPO:NLD/SIM",
        "CPO:NL/SIMS",
        "CPO:N:L/S",
        "X:NL/SIM",
    ]
)
WORDS = TYPED | st.sampled_from(["on", "off", "ON", "plain-tokens=on", "plain-tokens", "no-patch", "nothing"])
URL = TYPED | st.sampled_from(
    [
        *(
            "http://127.0.0.1:9/versions",
            "http://127.0.0.1:0",
            "http://127.0.0.1:65536",
            "https://127.0.0.1:9",
            "http://[::1",
        ),
        *(
            "http://",
            "//127.0.0.1",
            "127.0.0.1:9",
            "http://user:pw@127.0.0.1:9",
            "http://１２７.0.0.1:9",
            "http://127.0.0.1:9/ü?#",
        ),
    ]
)


@examples(20)
@given(name=TYPED | st.just("Partner"), role=ROLE | st.just("CPO:NL/SIM"))
def test_partner_add(attacked: Platform, name: str, role: str) -> None:
    attacked.restore()
    _ocpi("partner", "add", "--name", name, "--role", role)


@examples(20)
@given(name=TYPED | st.just("sim"), words=st.lists(WORDS, max_size=3))
def test_partner_set(attacked: Platform, name: str, words: list[str]) -> None:
    attacked.restore()
    _ocpi("partner", "set", name, *words)


@examples(20)
@given(name=TYPED, url=URL)
def test_partner_register(attacked: Platform, name: str, url: str) -> None:
    before = attacked.restore()
    assert _ocpi("partner", "register", url, "--name", name, "--token", "x") != 0
    assert attacked.state() == before


@pytest.mark.usefixtures("attacked")
@examples(25)
@given(url=URL, token=TYPED | st.just("token"), role=st.sampled_from(["cpo", "emsp"]) | TYPED)
def test_check(url: str, token: str, role: str) -> None:
    assert _ocpi("check", url, "--token", token, "--role", role, "--timeout", "0.5") != 0


def _ocpi(*arguments: str) -> int:
    """The exit code of a command, whose words can be written to a terminal."""
    out = io.TextIOWrapper(io.BytesIO(), "utf-8")
    errors = io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace")
    code = 0
    typed = patch.object(sys, "argv", ["ocpi", *arguments])
    found = patch.object(Deployment, "find", lambda _: _DEPLOYMENT)
    with typed, found, redirect_stdout(out), redirect_stderr(errors):
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
        out.flush()
        errors.flush()
    told = errors.buffer.getvalue().decode()
    assert code in (0, 1, 2)
    assert code == 0 or told
    assert "Traceback" not in told
    return code
