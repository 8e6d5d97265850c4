"""Settings of the owner function."""

from ocpi.settings import ApiSettings


class Settings(ApiSettings):
    """What the function needs from its environment."""

    objects_table: str
    timeout_queue_url: str
    token_key_id: str
    allow_private_partners: bool
