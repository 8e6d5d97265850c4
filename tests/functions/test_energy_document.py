"""The OpenAPI document of the energy API and docs/energy-api.md: current, whole, and with examples that work."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from energy import examples, openapi
from energy.limits import OverrideOrder
from energy.me import Me
from energy.prices import Prices
from energy.series import Measurement
from energy.sites import SiteSummary
from ocpi.energy.history import History
from ocpi.energy.picture import Picture
from ocpi.energy.planned import Planned
from ocpi.energy.report import Report
from ocpi.energy.savings import Savings
from ocpi.energy.signals import SignalAnswer, SignalOrder
from ocpi.sites.limits import Limit, Limits, Override, WeeklyLimit
from ocpi.sites.record import Event, VisitRecord
from ocpi.sites.site import Site
from ocpi.transport.describing import text
from tests.energy import PATH, claims, described, energy, send

DOCS = Path(__file__).parent.parent.parent / "docs"
TEXT = (DOCS / "energy-api.md").read_text()
DOCUMENT: dict[str, Any] = json.loads((DOCS / "energy-api.openapi.json").read_text())
EXAMPLES: dict[str, tuple[type[BaseModel], Any]] = {
    "me": (Me, examples.ME),
    "site": (Site, examples.SITE),
    "summary": (SiteSummary, examples.SUMMARY),
    "limit": (Limit, examples.LIMIT),
    "limits": (Limits, examples.LIMITS),
    "weekly": (WeeklyLimit, examples.WEEKLY_LIMIT),
    "override": (Override, examples.OVERRIDE),
    "override order": (OverrideOrder, examples.OVERRIDE_ORDER),
    "prices": (Prices, examples.PRICES),
    "measurement": (Measurement, examples.MEASUREMENT),
    "picture": (Picture, examples.PICTURE),
    "planned": (Planned, examples.PLANNED),
    "history": (History, examples.HISTORY),
    "visit": (VisitRecord, examples.VISIT),
    "event": (Event, examples.EVENT),
    "signal": (SignalAnswer, examples.SIGNAL),
    "signal order": (SignalOrder, examples.SIGNAL_ORDER),
    "savings": (Savings, examples.SAVINGS),
    "report": (Report, examples.REPORT),
}


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_the_committed_document_is_that_of_the_code() -> None:
    stale = "make it anew: .venv/bin/python -m energy.openapi docs/energy-api.openapi.json"
    assert openapi.document() == DOCUMENT, stale
    assert (DOCS / "energy-api.openapi.json").read_text() == text(openapi.document()), stale


def test_every_reference_leads_somewhere_and_every_schema_is_used() -> None:
    used = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(DOCUMENT)))
    assert used == set(DOCUMENT["components"]["schemas"])


def test_every_operation_tells_what_it_is_and_what_it_answers() -> None:
    ids = [operation["operationId"] for _, _, operation in operations()]
    assert len(set(ids)) == len(ids)
    for path, method, operation in operations():
        assert operation["summary"], (path, method)
        assert operation["tags"], (path, method)
        assert {"400", "401", "403", "404", "default"} <= operation["responses"].keys(), (path, method)
        assert ("requestBody" in operation) == (method in ("put", "post")), (path, method)
        named = {each["name"] for each in operation["parameters"] if each["in"] == "path"}
        assert named == set(re.findall(r"{(\w+)}", path))


def test_nothing_in_the_document_speaks_of_our_source() -> None:
    assert ":class:" not in json.dumps(DOCUMENT)
    assert ":meth:" not in json.dumps(DOCUMENT)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_what_it_stands_for(name: str) -> None:
    model, example = EXAMPLES[name]
    found = model.model_validate_json(json.dumps(example))
    assert found.model_fields_set == set(example)


def test_the_examples_of_what_is_written_work_as_they_stand(aws: None) -> None:
    described()
    names = {"site_id": "garage", "node": "grid", "kind": "price", "signal_id": "dso-17"}
    for path, _, operation in [each for each in operations() if each[1] in ("put", "post")]:
        if path.endswith("/sites/{site_id}") or "signals" in path or "series" in path or "overrides" in path:
            continue  # of another partner, or of a day that may be long ago
        body = operation["requestBody"]["content"]["application/json"]["example"]
        method = "POST" if path.endswith("measurements") else "PUT"
        reply = energy(method, path.removeprefix(PATH).format(**names), body, etag="*")
        assert reply.status in (200, 201, 204), (path, reply)


# docs/energy-api.md


def test_every_path_that_the_text_names_is_offered() -> None:
    offered = {(method.upper(), path.removeprefix(PATH)) for path, method, _ in operations()}
    named = re.findall(r"`(GET|PUT|POST|DELETE) (/(?:sites|me)[^`?]*)`", TEXT)
    assert len(named) > 8
    for method, path in named:
        assert (method, path.replace("{site}", "{site_id}")) in offered, path


def test_the_problem_of_the_text_is_what_is_answered(aws: None) -> None:
    (told,) = (json.loads(snippet) for snippet in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL))
    etag = described()
    reply = energy("PUT", "/sites/garage/limits/grid/base", {"limit_kw": -5}, etag=etag)
    assert reply.body == told


def test_the_python_of_the_text_works(
    aws: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], time: Any
) -> None:
    time(minutes=0)
    described()
    monkeypatch.setenv("ENERGY_API", f"https://ocpi.example.com{PATH}")
    monkeypatch.setenv("TOKEN", "token")
    monkeypatch.setattr("urllib.request.urlopen", _sent)
    names: dict[str, Any] = {}
    for snippet in re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL):
        exec(snippet, names)  # noqa: S102 - our own documentation
    before, after, told = capsys.readouterr().out.splitlines()
    assert (before, after) == ("{'limit_a': None, 'limit_kw': 69.0}", "34.5 base")
    assert told.startswith("planned 2026-11-22T17:00:00Z sessions at grid are limited")


class _Answer:
    """An answer as `urllib.request` has it."""

    def __init__(self, content: bytes, headers: dict[str, str]) -> None:
        self.read = lambda: content
        self.headers = {"ETag": headers.get("etag")}

    def __enter__(self) -> "_Answer":
        return self

    def __exit__(self, *_: object) -> None:
        pass


def _sent(request: Any) -> _Answer:
    """Hand a request to the function, as API Gateway does."""
    assert request.get_header("Authorization") == "Bearer token"
    headers = {name.lower(): value for name, value in request.header_items()}
    reply = send(request.method, request.selector, request.data, authorizer=claims(), headers=headers)
    assert reply.status < 300, reply
    return _Answer(reply.content, reply.headers)
