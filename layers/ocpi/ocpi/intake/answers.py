"""What a partner hears when an object of its has come in."""

from ocpi.store.objects import Outcome
from ocpi.transport.envelope import OcpiResponse, success


def written(outcome: Outcome) -> OcpiResponse:
    """The answer to a PUT: 201 for an object that was not there before (STA-05)."""
    return success(http_status=201 if outcome is Outcome.CREATED else 200)
