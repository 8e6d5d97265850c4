"""Settings of the pull function."""

from pydantic import Json, PositiveInt

from ocpi.settings import Settings as Base
from ocpi.types.credentials import CredentialsRole


class Settings(Base):
    """What the function needs from its environment."""

    partners_table: str
    objects_table: str
    deliveries_table: str
    pull_queue_url: str
    token_key_id: str
    public_base_url: str
    allow_private_partners: bool
    roles: Json[tuple[CredentialsRole, ...]]
    pull_every_hours: PositiveInt
    poll_every_minutes: PositiveInt
    full_pull_every_days: PositiveInt
