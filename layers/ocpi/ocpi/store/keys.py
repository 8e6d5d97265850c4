"""Every key of every table (docs/access-patterns.md shows who reads and writes which).

CiStrings compare without regard to case (TYP-01), so keys hold them in upper case; and they may hold any printable
ASCII, so each part is percent-encoded and the separators ``#`` and ``*`` stay unambiguous.
"""

from dataclasses import dataclass
from urllib.parse import quote

from ocpi.types.versions import ModuleID

type Key = tuple[str, str]
"""Partition key and sort key."""


def _part(text: str) -> str:
    return quote(text.upper(), safe="")


@dataclass(frozen=True)
class ObjectId:
    """An object that a partner owns: whose connection it came over, and who owns it (TRA-36)."""

    partner_id: str
    module: ModuleID
    country_code: str
    party_id: str
    id: str

    @property
    def text(self) -> str:
        """The identity as one string, the same for any spelling of its CiStrings."""
        owner = f"{_part(self.country_code)}*{_part(self.party_id)}"
        return f"{_part(self.partner_id)}#{self.module}#{owner}*{_part(self.id)}"


# Partners table


def partner(partner_id: str) -> Key:
    """A partner; all partners stand in one partition, in the order of their ids."""
    return "PARTNERS", partner_id


def token(token_hash: str) -> Key:
    """Who presents the credentials token with this hash."""
    return f"TOKEN#{token_hash}", "TOKEN"


# Objects table


def stored_object(object_id: ObjectId) -> Key:
    """An OCPI object of a partner."""
    return f"OBJECT#{object_id.text}", "OBJECT"


# Sites table

SITES = "SITES"
CONFIG = "CONFIG"
PLAN = "PLAN"
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
    """The plan in force."""
    return f"SITE#{site_id}", PLAN


def site_run(site_id: str, moment: str) -> Key:
    """The record of one optimizer run, for audit."""
    return f"SITE#{site_id}#RUNS", moment


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


def profile_request(request_id: str) -> Key:
    """Which session a request for a charging profile was about; `request_id` is part of its response URL."""
    return f"REQUEST#{request_id}", "REQUEST"
