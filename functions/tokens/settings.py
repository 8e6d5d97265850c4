"""Settings of the tokens function."""

from typing import Annotated

from pydantic import Field

from ocpi.settings import ApiSettings

LONGEST_WAIT_S = 8
"""A driver stands waiting, and partners give up after some ten seconds."""


class Settings(ApiSettings):
    """What the function needs from its environment.

    With `authorization_wait_s` our backend is asked whether a token may be used, and awaited for so many seconds.
    """

    objects_table: str
    authorization_wait_s: Annotated[float, Field(ge=0, le=LONGEST_WAIT_S)] = 0
