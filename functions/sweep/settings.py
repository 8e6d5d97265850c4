"""Settings of the sweep function."""

from pydantic import Json

from ocpi.settings import Settings as Base
from ocpi.types.credentials import CredentialsRole


class Settings(Base):
    """What the function needs from its environment."""

    partners_table: str
    deliveries_table: str
    push_queue_url: str
    pull_queue_url: str
    public_base_url: str
    roles: Json[tuple[CredentialsRole, ...]]
