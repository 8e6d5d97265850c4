"""Settings of the tariffs function."""

from ocpi.settings import ApiSettings


class Settings(ApiSettings):
    """What the function needs from its environment."""

    objects_table: str
