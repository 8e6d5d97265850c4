"""Settings of the locations function."""

from ocpi.settings import Settings as Base


class Settings(Base):
    """What the function needs from its environment."""

    partners_table: str
    objects_table: str
    token_pepper_secret_id: str
