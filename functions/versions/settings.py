"""Settings of the versions function."""

from pydantic import Json

from ocpi.settings import Settings as Base
from ocpi.types.credentials import CredentialsRole


class Settings(Base):
    """What the function needs from its environment."""

    partners_table: str
    token_pepper_secret_id: str
    public_base_url: str
    roles: Json[tuple[CredentialsRole, ...]]
