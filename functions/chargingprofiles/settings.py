"""Settings of the chargingprofiles function."""

from typing import Annotated

from pydantic import Field

from ocpi.settings import ApiSettings


class Settings(ApiSettings):
    """What the function needs from its environment."""

    objects_table: str
    sites_table: str
    timeout_queue_url: str
    token_key_id: str
    allow_private_partners: bool
    profile_timeout_s: Annotated[int, Field(ge=1, le=900)] = 30
    """How long a charge point may take over a charging profile, as partners are told."""
    profile_interval_s: Annotated[int, Field(ge=0, le=900)] = 10
    """How soon after the last a request about the same Session is taken (CHP-07)."""
