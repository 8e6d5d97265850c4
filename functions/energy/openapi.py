"""The OpenAPI document of the energy API: ``python -m energy.openapi FILE`` writes it."""

import re
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema

from energy.answers import Problem
from energy.application import application
from energy.describe import Described
from energy.limits import OverrideOrder
from energy.me import Me
from energy.prices import Prices
from energy.series import Measurement
from energy.settings import Settings
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
from ocpi.sites.steps import Step
from ocpi.transport.describing import name_path_parameters, text

MODELS: tuple[type[BaseModel], ...] = (
    *(Me, Site, SiteSummary, Picture, Planned, History, VisitRecord, Event, Savings, Report),
    *(Limit, Limits, Override, OverrideOrder, WeeklyLimit, Prices, Step, Measurement),
    *(SignalAnswer, SignalOrder, Problem),
)
"""What the document describes."""

PATH_PARAMETERS = {
    "site_id": "Id of the site.",
    "node": "`grid`, or the id of a feeder.",
    "override_id": "Id of the override, as it was answered.",
    "kind": "`price`, `feed_in`, `base_load_kw` or `pv_kw`; to read, also those with `measured_` before.",
    "signal_id": "Id of the signal, which its grid operator chooses.",
    "month": "The month at the site, such as 2026-11.",
}

_ROLE = re.compile(r":\w+:`(?:[\w.]*\.)?(\w+)`")
_PLACEHOLDER = "placeholder"


def document() -> Described:
    """The document. It is the same for every deployment."""
    names = dict.fromkeys(Settings.model_fields, _PLACEHOLDER)
    settings = Settings.model_validate(names | {"public_base_url": "https://ocpi.example.com"})
    described: Described = application(settings).openapi()
    name_path_parameters(described, PATH_PARAMETERS)
    described["components"] = {"schemas": _schemas(), "securitySchemes": _SECURITY_SCHEMES}
    described["security"] = [{"token": []}]
    return described


_SECURITY_SCHEMES = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An access token with one of the scopes energy/read, energy/control and energy/signal.",
    }
}


class _Schema(GenerateJsonSchema):
    """JSON Schema without what says nothing."""

    def field_title_should_be_set(self, schema: object) -> bool:
        """A title that repeats the name of its field says nothing."""
        return False


def _schemas() -> dict[str, Any]:
    wanted: list[tuple[type[BaseModel], JsonSchemaMode]] = [(model, "validation") for model in MODELS]
    template = "#/components/schemas/{model}"
    _, generated = models_json_schema(wanted, ref_template=template, schema_generator=_Schema)
    return {name: _tidy(schema) for name, schema in generated["$defs"].items()}


def _tidy(schema: Any) -> Any:
    """`schema` in words that need no source beside them."""
    match schema:
        case dict():
            return {name: _tidy(part) for name, part in schema.items()}
        case list():
            return [_tidy(part) for part in schema]
        case str():
            return _ROLE.sub(r"\1", schema)
    return schema


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(text(document()))
