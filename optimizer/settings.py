"""Settings of the optimizer functions."""

from ocpi.settings import Settings as Base


class OptimizeSettings(Base):
    """What solving a site needs."""

    sites_table: str
    objects_table: str
    push_queue_url: str


class ScheduleSettings(Base):
    """What the schedule needs."""

    sites_table: str
    optimize_queue_url: str
