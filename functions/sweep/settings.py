"""Settings of the sweep function."""

from ocpi.settings import Settings as Base


class Settings(Base):
    """What the function needs from its environment."""

    partners_table: str
    deliveries_table: str
    push_queue_url: str
