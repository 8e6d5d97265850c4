"""Edits of a site: who does them and on what terms, what they are, and why they are not done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ocpi.sites.record import EventKind
from ocpi.sites.site import Site, SiteError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef


@dataclass(frozen=True)
class By:
    """Who edits a site, and on what terms.

    `revision` is the one that was looked at: if the site has another by now, nothing is changed. None is for edits
    that go together with any other. `confirmed` takes odd values, too. `reason` is what the audit trail says of it.
    """

    author: str
    revision: str | None = None
    confirmed: bool = False
    reason: str | None = None


@dataclass(frozen=True)
class Known:
    """A site as it is stored; `revision` changes with every write."""

    site: Site
    revision: str


@dataclass(frozen=True)
class Edit:
    """What becomes of a site: how it is `after`, and what the audit trail says of it.

    Args:
        after: the new site.
        kind: what the event is about.
        text: what was done, in a line.
        before: what was there before, as far as it concerns the edit.
        now: what is there now instead.
        subject: a node, or a signal.
        odd: what has to be confirmed first.
        noted: what is written with it.
    """

    after: Site
    kind: EventKind
    text: str
    before: object
    now: object
    subject: str = ""
    odd: Sequence[str] = ()
    noted: "Sequence[TransactWriteItemTypeDef]" = ()


class NoSuchSite(Exception):
    """There is no site of that id."""


class Unreadable(Exception):
    """The site was written by another version of us, in a way that this one cannot read; it can be described anew."""


class Moved(Exception):
    """A site is not described anew as one of another Location by whom may not: `places` are the fields that say so."""

    def __init__(self, places: Sequence[str]) -> None:
        super().__init__(*places)
        self.places = tuple(places)


class OverrideChanged(Exception):
    """There is an override of that id already, with other content."""


class NoSuchSignal(Exception):
    """There is no signal of that id."""


class SignalChanged(Exception):
    """There is a signal of that id already, with other content."""


class SignalTakenBack(Exception):
    """There was a signal of that id, and it was taken back: `at` when."""

    def __init__(self, at: datetime) -> None:
        super().__init__(at)
        self.at = at


class Changed(Exception):
    """Somebody else has changed the site since it was read: `by` whom, `what` and when (None: it is not known)."""

    def __init__(self, by: str | None, what: str | None, at: datetime | None) -> None:
        super().__init__(by, what, at)
        self.by = by
        self.what = what
        self.at = at


class Taken(SiteError):
    """Another site stands for the Location already: `site_id`."""

    def __init__(self, site_id: str) -> None:
        super().__init__(["location: another site stands for it already"])
        self.site_id = site_id


class Odd(Exception):
    """What is asked for can be, but hardly is meant: `problems` has one line each, beginning with its path."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)
