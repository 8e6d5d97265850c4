"""Every key of every table (docs/access-patterns.md shows who reads and writes which).

CiStrings compare without regard to case (TYP-01), so keys hold them in upper case; and they may hold any printable
ASCII, so each part is percent-encoded and the separators ``#`` and ``*`` stay unambiguous.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Self
from urllib.parse import quote, unquote

from ocpi.types.versions import ModuleID

type Key = tuple[str, str]
"""Partition key and sort key."""


def _part(text: str) -> str:
    return quote(text.upper(), safe="")


OWN = "@own"
"""Stands for the partner id where an object is our own; no partner id has an ``@``."""


def typed_uid(uid: str, token_type: str) -> str:
    """What identifies a Token of a party: its uid together with its type (TOK-06)."""
    return f"{uid}*{token_type}"


@dataclass(frozen=True)
class ObjectId:
    """An OCPI object: whose connection it came over (:data:`OWN` for ours), and the party that owns it (TRA-36)."""

    partner_id: str
    module: ModuleID
    country_code: str
    party_id: str
    id: str

    @classmethod
    def of_text(cls, text: str) -> Self:
        """The object that has this :attr:`text`; its CiStrings come in upper case."""
        owner, _, id_ = text.rpartition("*")
        partner_id, module, party = owner.split("#")
        country_code, party_id = party.split("*")
        return cls(unquote(partner_id), ModuleID(module), unquote(country_code), unquote(party_id), unquote(id_))

    @property
    def ours(self) -> bool:
        """Whether we own it."""
        return self.partner_id == OWN

    @property
    def owner_list(self) -> str:
        """The list that it stands in: all objects of the module that this party owns."""
        return owner_list(self.partner_id, self.module, self.country_code, self.party_id)

    @property
    def text(self) -> str:
        """The identity as one string, the same for any spelling of its CiStrings."""
        return f"{self.owner_list}*{_part(self.id)}"

    def position(self, last_updated: datetime) -> str:
        """Its place in the lists: by time of change, then by id."""
        return f"{sortable(last_updated)}#{_part(self.id)}"


def owner_of(text: str) -> tuple[str, str]:
    """The party that owns the object with this :attr:`ObjectId.text`, in upper case."""
    country_code, party_id, _ = map(unquote, text.rpartition("#")[2].split("*"))
    return country_code, party_id


def id_at(position: str) -> str:
    """The id of the object at this :meth:`ObjectId.position`, in upper case."""
    return unquote(position.partition("#")[2])


# Partners table


def partner(partner_id: str) -> Key:
    """A partner; all partners stand in one partition, in the order of their ids."""
    return "PARTNERS", partner_id


def token(token_hash: str) -> Key:
    """Who presents the credentials token with this hash."""
    return f"TOKEN#{token_hash}", "TOKEN"


# Deliveries table; `object_id` is the :attr:`ObjectId.text` of an object of ours


def delivered(partner_id: str, object_id: str) -> Key:
    """Which version of an object a partner was sent last."""
    return all_delivered(partner_id), object_id


def all_delivered(partner_id: str) -> str:
    """The partition with all that a partner was sent."""
    return f"DELIVERED#{_part(partner_id)}"


def due(partner_id: str, object_id: str) -> Key:
    """That a partner is to hear of an object."""
    return all_due(partner_id), object_id


def all_due(partner_id: str) -> str:
    """The partition with all that a partner is to hear of."""
    return f"DUE#{_part(partner_id)}"


def parked(partner_id: str, object_id: str) -> Key:
    """That a partner did not take an object, and will not be asked again by itself."""
    return all_parked(partner_id), object_id


def all_parked(partner_id: str) -> str:
    """The partition with all that a partner did not take."""
    return f"PARKED#{_part(partner_id)}"


BREAKERS = "BREAKERS"
"""The partition with the breakers of all partners, read in one query."""


def breaker(partner_id: str) -> Key:
    """The breaker of a partner."""
    return BREAKERS, partner_id


def woken(partner_id: str) -> Key:
    """That a partner was woken, and what is due to it will be looked at."""
    return f"WOKEN#{_part(partner_id)}", "WOKEN"


def health(partner_id: str, module: str) -> Key:
    """How sending a partner the objects of a module went last."""
    return all_health(partner_id), module


def all_health(partner_id: str) -> str:
    """The partition with that of all modules."""
    return f"HEALTH#{_part(partner_id)}"


def pull(partner_id: str, module: ModuleID, *parties: tuple[str, str]) -> Key:
    """How getting one list of a partner goes; `parties`: ours that asks and theirs that is asked, if any are named."""
    names = (f"#{_part(country_code)}*{_part(party_id)}" for country_code, party_id in parties)
    return all_pulls(partner_id), f"{module}{''.join(names)}"


def all_pulls(partner_id: str) -> str:
    """The partition with that of all lists of a partner."""
    return f"PULLS#{_part(partner_id)}"


def seen(pull_id: str, part: str) -> Key:
    """Which objects were on some pages of a full list, for as long as it is being read."""
    return all_seen(pull_id), part


def all_seen(pull_id: str) -> str:
    """The partition with all that were on its pages so far."""
    return f"SEEN#{pull_id}"


# Objects table


OBJECT = "OBJECT"
"""The sort key of every OCPI object."""


def stored_object(object_id: ObjectId) -> Key:
    """An OCPI object of a partner."""
    return f"OBJECT#{object_id.text}", OBJECT


def owner_list(partner_id: str, module: ModuleID, country_code: str, party_id: str) -> str:
    """All objects of a module that a party owns, as they came over one connection."""
    return f"{_part(partner_id)}#{module}#{_part(country_code)}*{_part(party_id)}"


def audience_list(owner: str, country_code: str, party_id: str) -> str:
    """Those in an owner list that concern one party: Sessions and CDRs of its drivers."""
    return f"{owner}>{_part(country_code)}*{_part(party_id)}"


def tokens_list(uid: str) -> str:
    """The Tokens of all eMSPs that have a uid and type in common (`uid`: see :func:`typed_uid`)."""
    return f"UID#{_part(uid)}"


def counter(list_id: str, shard: int) -> Key:
    """How many objects a list holds; spread over shards, so that many may be created at once."""
    return counters(list_id), str(shard)


def counters(list_id: str) -> str:
    """The partition with all shards of a list's counter."""
    return f"COUNT#{list_id}"


def request(request_id: str) -> Key:
    """What a partner asked of us, or we of a partner, to be concluded later."""
    return f"REQUEST#{request_id}", "REQUEST"


def commanded(typed_uid: str, location: ObjectId, evse_uid: str | None, token: ObjectId) -> Key:
    """That an eMSP has used a token in a command at a Location, or at one EVSE of it (CMD-18)."""
    return commanded_tokens(typed_uid), f"{commanded_place(location, evse_uid)}{token.text}"


def commanded_tokens(typed_uid: str) -> str:
    """The partition with all commands that have carried a token of this uid and type."""
    return f"COMMANDED#{_part(typed_uid)}"


def commanded_place(location: ObjectId, evse_uid: str | None) -> str:
    """What the sort keys in it begin with for one EVSE, or for a Location as a whole."""
    return f"{location.text}#{_part(evse_uid or '')}#"


def reservation(partner_id: str, country_code: str, party_id: str, reservation_id: str) -> Key:
    """A reservation, by the id that its eMSP gave it."""
    party = f"{_part(country_code)}*{_part(party_id)}"
    return f"RESERVATION#{_part(partner_id)}#{party}#{_part(reservation_id)}", "RESERVATION"


def reservation_number(number: int) -> Key:
    """That the charge points know a reservation by this number (CMD-23)."""
    return f"RESERVATION_NUMBER#{number}", "RESERVATION_NUMBER"


def reserved(token: ObjectId, location: ObjectId) -> Key:
    """The reservation in force that a token has at a Location."""
    return f"RESERVED#{token.text}", location.text


def profile_asked(session: str) -> Key:
    """When a request about the charging profile of a session came last (CHP-07); `session`: its ObjectId.text."""
    return f"PROFILE_ASKED#{session}", "PROFILE_ASKED"


def controllers(session: str) -> str:
    """The partition with all who have set a charging profile on a session (CHP-18)."""
    return f"CONTROLLERS#{session}"


def controller(session: str, partner_id: str, country_code: str, party_id: str) -> Key:
    """One of them."""
    return controllers(session), f"{_part(partner_id)}#{_part(country_code)}*{_part(party_id)}"


def active_profile(session: ObjectId) -> Key:
    """The charging profile that a charge point will follow, as its CPO told last (CHP-17)."""
    return f"ACTIVE_PROFILE#{session.text}", "ACTIVE_PROFILE"


def sortable(moment: datetime) -> str:
    """A timestamp whose order as text is its order in time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


# Sites table

SITES = "SITES"
CONFIG = "CONFIG"
PLAN = "PLAN"
LEASE = "LEASE"
SITE = "SITE"
SESSION = "SESSION#"
PROFILE = "PROFILE#"


def site_entry(site_id: str) -> Key:
    """The site in the list of all sites."""
    return SITES, site_id


def site_config(site_id: str) -> Key:
    """The site as its energy manager described it."""
    return f"SITE#{site_id}", CONFIG


def site_plan(site_id: str) -> Key:
    """Which run made the plan in force."""
    return f"SITE#{site_id}", PLAN


def site_lease(site_id: str) -> Key:
    """Which run the site belongs to now, and how far the last one had read."""
    return f"SITE#{site_id}", LEASE


def site_run(site_id: str, run: str) -> Key:
    """The record of one optimizer run, for audit; `run` begins with its time."""
    return site_runs(site_id), run


def site_runs(site_id: str) -> str:
    """The partition with the records of all runs, in the order of time."""
    return f"SITE#{site_id}#RUNS"


def run_parts(site_id: str, run: str, kind: str) -> str:
    """The partition with what a run read (``inputs``) or what came of it (``outcome``), in parts."""
    return f"SITE#{site_id}#RUN#{run}#{kind}"


def run_part(site_id: str, run: str, kind: str, number: int) -> Key:
    """One of the parts."""
    return run_parts(site_id, run, kind), f"{number:04}"


def learned(site_id: str, scope: str) -> Key:
    """What was learned of the visits to a site in one scope (:mod:`ocpi.visits`)."""
    return f"SITE#{site_id}#LEARNED", scope


def learned_visit(session: str) -> Key:
    """That a visit was learned (`session`: the ObjectId.text of its Session, or of a CDR that names none)."""
    return f"VISIT#{session}", "LEARNED"


def site_loads(site_id: str) -> str:
    """The partition with what was drawn at a site, an item an hour, in the order of time."""
    return f"SITE#{site_id}#LOADS"


def site_hour(site_id: str, hour: datetime) -> Key:
    """What was drawn in one hour."""
    return site_loads(site_id), sortable(hour)


def site_visits(site_id: str) -> str:
    """The partition with the visits that are over, in the order of departures."""
    return f"SITE#{site_id}#VISITS"


def site_visit(site_id: str, departure: datetime, session: str) -> Key:
    """One of them (`session`: the ObjectId.text of its Session)."""
    return site_visits(site_id), f"{sortable(departure)}#{session}"


def site_events(site_id: str) -> str:
    """The partition with what happened at a site, in the order of time."""
    return f"SITE#{site_id}#EVENTS"


def site_event(site_id: str, at: datetime, kind: str, subject: str) -> Key:
    """One event; of one kind, subject and moment there is one only."""
    return site_events(site_id), f"{sortable(at)}#{kind}#{subject}"


def site_signals(site_id: str) -> str:
    """The partition with the grid operators' signals to a site, in the order of their starts."""
    return f"SITE#{site_id}#SIGNALS"


def site_signal(site_id: str, start: datetime, signal_id: str) -> Key:
    """One of them."""
    return site_signals(site_id), f"{sortable(start)}#{signal_id}"


def site_signal_place(site_id: str, signal_id: str) -> Key:
    """Where in it the signal of an id stands."""
    return site_signals(site_id), f"SIGNAL#{signal_id}"


def site_meters(site_id: str) -> str:
    """The partition with what of the meters of ongoing sessions is on record, in parts."""
    return f"SITE#{site_id}#METERS"


def site_meters_part(site_id: str, number: int) -> Key:
    """One of the parts."""
    return site_meters(site_id), f"{number:04}"


def site_series(site_id: str) -> str:
    """The partition with the prices and forecasts of a site, in the order of time."""
    return f"SITE#{site_id}#SERIES"


def site_series_day(site_id: str, day: date, kind: str, node: str) -> Key:
    """Those of one kind and node, of one day of UTC."""
    return site_series(site_id), f"{day.isoformat()}#{kind}#{node}"


def site_measured(site_id: str) -> str:
    """The partition with what was measured at a site, in the order of time."""
    return f"SITE#{site_id}#MEASURED"


def site_measured_at(site_id: str, minute: datetime, kind: str, node: str) -> Key:
    """What was measured of one kind and node in one minute."""
    return site_measured(site_id), f"{sortable(minute)}#{kind}#{node}"


def place(location: str) -> str:
    """The partition of what goes on at a Location now (`location`: its :attr:`ObjectId.text`), read in one query."""
    return f"LOCATION#{location}"


def place_site(location: str) -> Key:
    """Which site a Location belongs to."""
    return place(location), SITE


def ongoing_session(location: str, session: str) -> Key:
    """An ongoing session at a Location."""
    return place(location), SESSION + session


def session_profile(location: str, session: str) -> Key:
    """What is known of the charging profile of an ongoing session."""
    return place(location), PROFILE + session


GRANTS = "GRANTS"
"""The partition with what everybody may do at which site, read in one query to list them."""


def grant(principal: str) -> Key:
    """What somebody may do at which site (`principal`: the `sub` of its tokens)."""
    return GRANTS, principal


def profile_request(request_id: str) -> Key:
    """Which session a request for a charging profile was about; `request_id` is part of its response URL."""
    return f"REQUEST#{request_id}", "REQUEST"
