"""Settings of the credentials function."""

from ocpi.settings import ApiSettings


class Settings(ApiSettings):
    """What the function needs from its environment."""

    token_key_id: str
    allow_private_partners: bool
