"""What the parts of a site are called."""

from typing import Annotated

from pydantic import Field

GRID = "grid"
"""What the grid connection is called where a feeder could be meant."""

NodeId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]
