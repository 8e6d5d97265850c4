"""Settings of the versions function."""

from ocpi.settings import ApiSettings


class Settings(ApiSettings):
    """What the function needs from its environment."""
