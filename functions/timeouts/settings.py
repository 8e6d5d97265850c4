"""Settings of the timeouts function."""

from ocpi.settings import Settings as Base


class Settings(Base):
    """What the function needs from its environment."""

    partners_table: str
    objects_table: str
    timeout_queue_url: str
    deliveries_table: str
    push_queue_url: str
    token_key_id: str
    allow_private_partners: bool
