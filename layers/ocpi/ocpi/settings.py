"""Settings of a function: one pydantic model each, read from the environment and checked at start."""

import os
from typing import Self

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """The base of every settings model: field `partners_table` is the variable ``PARTNERS_TABLE``."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    @classmethod
    def load(cls) -> Self:
        """Read and check the environment.

        Raises:
            pydantic.ValidationError: a variable is missing or wrong; the message names it.
        """
        return cls.model_validate({name.lower(): value for name, value in os.environ.items()})
