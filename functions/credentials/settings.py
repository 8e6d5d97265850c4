"""Settings of the credentials function."""

from pydantic import Json

from ocpi.settings import Settings as Base
from ocpi.types.credentials import CredentialsRole


class Settings(Base):
    """What the function needs from its environment."""

    partners_table: str
    token_pepper_secret_id: str
    token_key_id: str
    public_base_url: str
    allow_private_partners: bool
    roles: Json[tuple[CredentialsRole, ...]]
