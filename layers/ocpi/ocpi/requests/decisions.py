"""What our backend decides when a CPO asks whether a token of ours may be used (TOK-12, TOK-13)."""

from ocpi.types.primitives import Boolean, CiString36, DisplayText, OcpiModel
from ocpi.types.tokens import AllowedType, LocationReferences

AUTHORIZE = "AUTHORIZE"
"""The `kind` of such a request; its document holds the `token` and, if it was told, the `location`."""


class Decision(OcpiModel):
    """An AuthorizationInfo without the token, as the result of the request.

    ALLOWED without a `location` allows all that was asked for; with one, only those EVSEs of it. If it comes without an
    `authorization_reference`, one is made. With `location_required` the CPO is asked to try again with a location.
    """

    allowed: AllowedType
    location_required: Boolean = False
    location: LocationReferences | None = None
    authorization_reference: CiString36 | None = None
    info: DisplayText | None = None
