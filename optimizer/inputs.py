"""All that a run reads, as it was read but for drivers' tokens: JSON in and JSON out, so that a run can be done again
exactly.

It is kept with each run. What comes of it is :func:`optimizer.situation.decide`, a pure function of it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, SkipValidation

from ocpi import wire
from ocpi.push.messages import Reason
from ocpi.sites.series import SeriesKey, SeriesKind
from ocpi.sites.steps import Steps
from ocpi.store.profiles import ProfileState
from ocpi.types.chargingprofiles import ChargingProfile
from ocpi.types.primitives import DateTime


def _whole(moment: datetime) -> datetime:
    """Profiles count in whole seconds."""
    return moment.replace(microsecond=0)


Document = SkipValidation[wire.JsonObject]
"""What a partner or the store told; whoever reads it validates it."""


class Told(BaseModel):
    """A series that was uploaded or measured: of what, at which node, and as much of it as counts."""

    model_config = ConfigDict(frozen=True)

    kind: SeriesKind
    node: str
    steps: Steps


class Inputs(BaseModel):
    """What is known of a site at one moment.

    Sessions and their profiles stand under the session's `ObjectId.text`, what was learned under its scope ("site",
    "evse:…", "driver:…"). `previous` is the plan in force: each session's profile as it was wished for.
    """

    model_config = ConfigDict(frozen=True)

    now: Annotated[DateTime, AfterValidator(_whole)]
    """Cut to the whole second."""
    reason: Reason
    site: str
    """The site's document, as it is stored."""
    location: Document | None = None
    sessions: Mapping[str, Document] = {}
    profiles: Mapping[str, ProfileState] = {}
    previous: Mapping[str, ChargingProfile] = {}
    history: Mapping[str, Document] = {}
    series: Sequence[Told] = ()

    @property
    def known(self) -> dict[SeriesKey, Steps]:
        """The series as others take them."""
        return {(told.kind, told.node): told.steps for told in self.series}

    def to_json(self) -> bytes:
        """For the store."""
        return wire.dumps(self)

    @classmethod
    def of_json(cls, text: bytes | str) -> Self:
        """Read what :meth:`to_json` wrote.

        Raises:
            NotJson: it is no JSON object.
            ValidationError: it is none of ours.
        """
        return cls.model_validate(wire.loads_object(text))
