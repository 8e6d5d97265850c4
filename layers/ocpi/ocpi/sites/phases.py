"""The lines of a three-phase grid."""

from typing import Literal

Phase = Literal["L1", "L2", "L3"]
PHASES: tuple[Phase, ...] = ("L1", "L2", "L3")
