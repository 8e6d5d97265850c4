"""What a driver wants of an ongoing session of ours (SES-03 to SES-08)."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from ocpi import clock, wire
from ocpi.intake.active import active_between
from ocpi.intake.parts import CONNECTORS, EVSES, find
from ocpi.store import keys
from ocpi.store.keys import ObjectId
from ocpi.store.lists import ObjectList
from ocpi.store.objects import Objects, Outcome
from ocpi.transport.patch import last_updated
from ocpi.transport.status import OcpiError, StatusCode, unknown
from ocpi.transport.validation import validated
from ocpi.types.locations import Capability, Connector
from ocpi.types.primitives import format_datetime
from ocpi.types.sessions import ChargingPreferences, ChargingPreferencesResponse, ProfileType, Session, SessionStatus
from ocpi.types.versions import ModuleID

_ONGOING = {SessionStatus.ACTIVE, SessionStatus.PENDING}
_PLANNED = {ProfileType.CHEAP, ProfileType.GREEN}
"""They wait for better hours, so one has to know how many there are, and how many are needed."""


def set_preferences(
    objects: Objects, session_id: ObjectId, document: wire.JsonObject, visible: ObjectList
) -> ChargingPreferencesResponse:
    """Judge preferences, and keep those that are accepted in the Session, so that our backend hears of them.

    Args:
        objects: where Sessions, Locations and Tariffs are.
        session_id: a Session of ours.
        document: the ChargingPreferences.
        visible: what the caller may see.

    Raises:
        OcpiError: HTTP 404 if there is no such ongoing session, with 2001 if its EVSE takes no preferences (SES-04);
            2001 for a wrong field (SES-07).
    """
    session = _ongoing(objects, session_id, visible)
    preferences = validated(ChargingPreferences, document)
    connector = _connector(objects, session_id, session)
    response = _judged(objects, session_id, preferences, connector)
    if response is ChargingPreferencesResponse.ACCEPTED:
        _keep(objects, session_id, document)
    return response


def _ongoing(objects: Objects, session_id: ObjectId, visible: ObjectList) -> Session:
    stored = objects.get(session_id)
    session = Session.model_validate(stored.parsed()) if stored else None
    if session is None or session.status not in _ONGOING or not _may_see(visible, session):
        raise _not_ongoing(session_id)
    return session


def _may_see(visible: ObjectList, session: Session) -> bool:
    token = session.cdr_token
    return visible.audience in (None, keys.audience_list(visible.owner, token.country_code, token.party_id))


def _connector(objects: Objects, session_id: ObjectId, session: Session) -> Connector:
    """The connector in use, which takes preferences."""
    stored = objects.get(replace(session_id, module=ModuleID.LOCATIONS, id=session.location_id))
    location = stored.parsed() if stored else {}
    evse = find(location, [(EVSES, session.evse_uid)])
    connector = find(evse, [(CONNECTORS, session.connector_id)]) if evse else None
    capabilities: Any = evse and evse.get("capabilities")
    if not connector or Capability.CHARGING_PREFERENCES_CAPABLE not in (capabilities or []):
        message = f"the EVSE {session.evse_uid} lacks the capability {Capability.CHARGING_PREFERENCES_CAPABLE}"
        raise OcpiError(StatusCode.INVALID_PARAMETERS, message, 404)
    return Connector.model_validate(connector)


def _judged(
    objects: Objects, session_id: ObjectId, preferences: ChargingPreferences, connector: Connector
) -> ChargingPreferencesResponse:
    now = clock.now()
    planned = preferences.profile_type in _PLANNED
    if not _priced(objects, session_id, preferences.profile_type, connector, now):
        return ChargingPreferencesResponse.PROFILE_TYPE_NOT_SUPPORTED
    if planned and preferences.departure_time is None:
        return ChargingPreferencesResponse.DEPARTURE_REQUIRED
    if planned and preferences.energy_need is None:
        return ChargingPreferencesResponse.ENERGY_NEED_REQUIRED
    if preferences.departure_time and preferences.departure_time <= now:
        return ChargingPreferencesResponse.NOT_POSSIBLE
    return ChargingPreferencesResponse.ACCEPTED


def _priced(
    objects: Objects, session_id: ObjectId, profile_type: ProfileType, connector: Connector, now: datetime
) -> bool:
    """A connector supports what it has a Tariff for (SES-08, TAR-14); REGULAR is how everybody may charge."""
    if profile_type is ProfileType.REGULAR:
        return True
    stored = (objects.get(replace(session_id, module=ModuleID.TARIFFS, id=id_)) for id_ in connector.tariff_ids)
    return any(_is_for(tariff.parsed(), profile_type, now) for tariff in stored if tariff)


def _is_for(tariff: wire.JsonObject, profile_type: ProfileType, now: datetime) -> bool:
    begin, end = active_between(tariff)
    return tariff.get("type") == f"PROFILE_{profile_type}" and begin <= now < end


def _keep(objects: Objects, session_id: ObjectId, preferences: wire.JsonObject) -> None:
    def change(session: wire.JsonObject) -> tuple[wire.JsonObject, datetime] | None:
        if session["status"] not in _ONGOING:
            return None
        moment = format_datetime(max(clock.now(), last_updated(session)))
        changed = session | {"charging_preferences": preferences, "last_updated": moment}
        return changed, last_updated(changed)

    if objects.change(session_id, change) is not Outcome.UPDATED:
        raise _not_ongoing(session_id)


def _not_ongoing(session_id: ObjectId) -> OcpiError:
    return unknown(f"ongoing Session {session_id.id}")
