"""Settings of the optimizer functions."""

from typing import Annotated

from pydantic import Field

from ocpi.settings import Settings as Base


class OptimizeSettings(Base):
    """What solving a site needs; `rest_seconds` is for how long a site rests after a plan."""

    sites_table: str
    objects_table: str
    push_queue_url: str
    optimize_queue_url: str
    rest_seconds: Annotated[float, Field(ge=0, le=30)]


class ScheduleSettings(Base):
    """What the schedule needs."""

    sites_table: str
    optimize_queue_url: str
