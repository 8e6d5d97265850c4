"""Settings of a function: one pydantic model each, read from the environment and checked at start."""

import os
from typing import Self

from pydantic import BaseModel, ConfigDict, Json

from ocpi.types.credentials import CredentialsRole


class Settings(BaseModel):
    """The base of every settings model: field `partners_table` is the variable ``PARTNERS_TABLE``."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    @classmethod
    def load(cls) -> Self:
        """Read and check the environment.

        Raises:
            pydantic.ValidationError: a variable is missing or wrong; the message names it.
        """
        names = {field: field.upper() for field in cls.model_fields}
        return cls.model_validate({field: os.environ[name] for field, name in names.items() if name in os.environ})


class ApiSettings(Settings):
    """What every function needs that serves partners: who they are, who we are, and how we are reached."""

    partners_table: str
    token_pepper_secret_id: str
    public_base_url: str
    roles: Json[tuple[CredentialsRole, ...]]


class ObjectSettings(ApiSettings):
    """What every function needs that serves objects."""

    objects_table: str
