"""Settings of the outbox function."""

from ocpi.settings import Settings as Base


class Settings(Base):
    """What the function needs from its environment."""

    partners_table: str
    deliveries_table: str
    sites_table: str
    optimize_queue_url: str
    push_queue_url: str
    event_bus_name: str
