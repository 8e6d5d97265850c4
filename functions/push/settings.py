"""Settings of the push function."""

from pydantic import Json

from ocpi.settings import Settings as Base
from ocpi.types.credentials import CredentialsRole


class Settings(Base):
    """What the function needs from its environment."""

    objects_table: str
    partners_table: str
    deliveries_table: str
    sites_table: str
    push_queue_url: str
    timeout_queue_url: str
    token_key_id: str
    public_base_url: str
    allow_private_partners: bool
    roles: Json[tuple[CredentialsRole, ...]]
