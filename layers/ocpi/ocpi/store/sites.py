"""Sites, what goes on at them now, their plans and the records of optimizer runs."""

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import uuid4

from pydantic import BaseModel, ConfigDict

from ocpi import clock, wire
from ocpi.store import keys
from ocpi.store.keys import ObjectId
from ocpi.store.profiles import ProfileState
from ocpi.store.table import Conflict, Item, Table, attempts
from ocpi.types.primitives import format_datetime

RUNS_KEPT = timedelta(days=90)
REQUESTS_KEPT = timedelta(days=1)
PROFILES_KEPT = timedelta(days=30)
"""What is known of a profile outlives its last change by so much, should its session never be completed."""


@dataclass(frozen=True)
class SiteConfig:
    """A site as its energy manager described it: `document` is the JSON, `revision` changes with every write."""

    document: str
    revision: str


@dataclass
class Place:
    """What goes on at a Location now. Sessions and profiles stand under the session's :attr:`ObjectId.text`."""

    sessions: dict[str, wire.JsonObject] = field(default_factory=dict)
    profiles: dict[str, ProfileState] = field(default_factory=dict)


class ProfileRequest(BaseModel):
    """What a request for a charging profile was about."""

    model_config = ConfigDict(frozen=True)

    partner_id: str
    location: str
    session: str


class Sites:
    """The sites table."""

    def __init__(self, table: str) -> None:
        self._table = Table(table)

    # Sites

    def ids(self) -> list[str]:
        """The ids of all sites."""
        return [item["sk"] for item in self._table.query(keys.SITES)]

    def config(self, site_id: str) -> SiteConfig | None:
        """The site, or None."""
        item = self._table.get(keys.site_config(site_id))
        return SiteConfig(item["document"], item["revision"]) if item else None

    def put_config(
        self, site_id: str, document: str, location: ObjectId, known: SiteConfig | None, left: ObjectId | None
    ) -> None:
        """Create a site, or replace the one that was read as `known`.

        Args:
            site_id: its id.
            document: the site as JSON.
            location: the Location that it stands for.
            known: what was read before, None for a new site.
            left: the Location that it stood for before, if that is another one.

        Raises:
            Conflict: someone else changed the site meanwhile, or another site stands for the Location.
        """
        item: Item = {"document": document, "revision": uuid4().hex}
        unchanged = "revision = :read" if known else "attribute_not_exists(pk)"
        free = "attribute_not_exists(pk) OR site_id = :site"
        actions = [
            self._table.put_action(
                keys.site_config(site_id), item, unchanged, {":read": known.revision} if known else None
            ),
            self._table.put_action(keys.site_entry(site_id), {}),
            self._table.put_action(
                keys.place_site(location.text),
                {"site_id": site_id, "revision": item["revision"]},
                free,
                {":site": site_id},
            ),
        ]
        if left:
            actions.append(self._table.delete_action(keys.place_site(left.text)))
        self._table.transact(actions)

    def site_of(self, location: str) -> str | None:
        """The id of the site that a Location belongs to."""
        item = self._table.get(keys.place_site(location))
        return item["site_id"] if item else None

    # What goes on at a Location

    def place(self, location: ObjectId) -> Place:
        """All ongoing sessions at a Location and what is known of their profiles."""
        place = Place()
        for item in self._table.query(keys.place(location.text)):
            kind, _, session = item["sk"].partition("#")
            if kind + "#" == keys.SESSION:
                place.sessions[session] = _object(item)
            elif kind + "#" == keys.PROFILE:
                place.profiles[session] = _profile(item)
        return place

    def begin_session(self, location: str, session: ObjectId, document: str) -> None:
        """A session goes on; `document` is the Session as JSON."""
        self._table.put(keys.ongoing_session(location, session.text), {"document": document})

    def end_session(self, location: str, session: ObjectId) -> None:
        """A session goes on no more at the Location."""
        self._table.delete(keys.ongoing_session(location, session.text))

    def forget_profile(self, location: str, session: ObjectId) -> None:
        """A session is over: no charge point obeys its profile any more."""
        self._table.delete(keys.session_profile(location, session.text))

    # Charging profiles

    def profile(self, location: str, session: str) -> ProfileState | None:
        """What is known of a session's charging profile."""
        item = self._table.get(keys.session_profile(location, session))
        return _profile(item) if item else None

    def change_profile(
        self, location: str, session: str, change: Callable[[ProfileState], ProfileState | None]
    ) -> ProfileState | None:
        """Change what is known of a session's profile, starting anew when someone else changed it meanwhile.

        Returns the new state; None if `change` wanted none.
        """
        key = keys.session_profile(location, session)
        for _ in attempts():
            item = self._table.get(key)
            state = change(_profile(item) if item else ProfileState())
            if state is None:
                return None
            new: Item = {
                "document": wire.dumps(state).decode(),
                "revision": uuid4().hex,
                "expires_at": int((clock.now() + PROFILES_KEPT).timestamp()),
            }
            unchanged = "revision = :read" if item else "attribute_not_exists(pk)"
            try:
                self._table.put(key, new, unchanged, {":read": item["revision"]} if item else None)
            except Conflict:
                continue
            return state
        return None

    def add_request(self, request_id: str, request: ProfileRequest, now: datetime) -> None:
        """Remember what a request was about, until its result comes."""
        item = request.model_dump() | {"expires_at": int((now + REQUESTS_KEPT).timestamp())}
        self._table.put(keys.profile_request(request_id), item)

    def request(self, request_id: str) -> ProfileRequest | None:
        """What a request was about."""
        item = self._table.get(keys.profile_request(request_id))
        return ProfileRequest.model_validate(item) if item else None

    # Plans and runs

    def plan(self, site_id: str) -> wire.JsonObject | None:
        """The plan in force."""
        item = self._table.get(keys.site_plan(site_id))
        return wire.loads_object(zlib.decompress(item["document_zlib"].value)) if item else None

    def put_plan(self, site_id: str, plan: object) -> None:
        """Store the plan in force, compressed: that of a thousand sessions would be too large for an item."""
        self._table.put(keys.site_plan(site_id), {"document_zlib": zlib.compress(wire.dumps(plan))})

    def add_run(self, site_id: str, moment: datetime, run: object) -> None:
        """Keep the record of a run."""
        item: Item = {
            "document": wire.dumps(run).decode(),
            "expires_at": int((moment + RUNS_KEPT).timestamp()),
        }
        self._table.put(keys.site_run(site_id, f"{format_datetime(moment)}#{uuid4().hex[:8]}"), item)

    def runs(self, site_id: str) -> Iterator[wire.JsonObject]:
        """The records of all runs that are kept, oldest first."""
        pk, _ = keys.site_run(site_id, "")
        return map(_object, self._table.query(pk))


def _object(item: Item) -> wire.JsonObject:
    return wire.loads_object(item["document"])


def _profile(item: Item) -> ProfileState:
    return ProfileState.model_validate(_object(item))
