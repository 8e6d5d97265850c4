"""Whether a token of ours may be used, as our backend or the stored Token decides (TOK-12 to TOK-16)."""

from uuid import uuid4

from ocpi import wire
from ocpi.transport.status import OcpiError, StatusCode
from ocpi.transport.validation import validated
from ocpi.types.primitives import Boolean, CiString36, DisplayText, OcpiModel, same
from ocpi.types.tokens import AllowedType, AuthorizationInfo, LocationReferences, Token

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


def by_token(token: wire.JsonObject) -> Decision:
    """What a stored Token of ours says itself."""
    if not token["valid"]:
        return Decision(allowed=AllowedType.BLOCKED)
    return Decision(allowed=AllowedType.ALLOWED, location_required=token.get("location_required") is True)


def authorization(token: wire.JsonObject, asked: LocationReferences | None, decision: Decision) -> AuthorizationInfo:
    """The answer that follows from a decision about a stored Token which is presented at `asked`, if that is told.

    Raises:
        OcpiError: 2002 if a location is needed (TOK-12).
    """
    if decision.location_required and asked is None:
        raise OcpiError(
            StatusCode.NOT_ENOUGH_INFORMATION, "this Token is authorized only for a location; send LocationReferences"
        )
    allowed = decision.allowed
    location = _allowed_location(asked, decision.location or asked) if allowed is AllowedType.ALLOWED else None
    if allowed is AllowedType.ALLOWED and asked and location is None:
        allowed = AllowedType.NOT_ALLOWED
    reference = (decision.authorization_reference or str(uuid4())) if allowed is AllowedType.ALLOWED else None
    return AuthorizationInfo(
        allowed=allowed,
        token=validated(Token, token),
        location=location,
        authorization_reference=reference,
        info=decision.info,
    )


def _allowed_location(
    asked: LocationReferences | None, granted: LocationReferences | None
) -> LocationReferences | None:
    """What of the Location that was asked for is granted, with those EVSEs alone (TOK-13)."""
    if asked is None or granted is None or not same(asked.location_id, granted.location_id):
        return None
    if not asked.evse_uids or not granted.evse_uids:
        return asked.model_copy(update={"evse_uids": granted.evse_uids or asked.evse_uids})
    wanted = {uid.lower() for uid in asked.evse_uids}
    evse_uids = [uid for uid in granted.evse_uids if uid.lower() in wanted]
    return asked.model_copy(update={"evse_uids": evse_uids}) if evse_uids else None
