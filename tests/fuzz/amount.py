"""How much is tried: a little and always the same, or FUZZ_EXAMPLES of everything, each time others."""

import os

from hypothesis import HealthCheck, settings

ASKED_FOR = int(os.environ.get("FUZZ_EXAMPLES", "0"))


def examples(usually: int) -> settings:
    """The settings of a test that tries `usually` so many."""
    return settings(
        max_examples=ASKED_FOR or usually,
        derandomize=not ASKED_FOR,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
