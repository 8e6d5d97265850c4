"""Settings of the cdrs function."""

from ocpi.settings import ObjectSettings


class Settings(ObjectSettings):
    """What the function needs from its environment."""
