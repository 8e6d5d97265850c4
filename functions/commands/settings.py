"""Settings of the commands function."""

from typing import Annotated

from pydantic import Field

from ocpi.settings import ApiSettings
from ocpi.types.primitives import Currency


class Settings(ApiSettings):
    """What the function needs from its environment."""

    objects_table: str
    timeout_queue_url: str
    command_timeout_s: Annotated[int, Field(ge=1, le=900)] = 30
    """How long a charge point may take over a command, as partners are told."""
    currency: Currency = "EUR"
    """Of reservations at connectors that name no Tariff."""
