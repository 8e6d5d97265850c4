"""A site that is described anew: what was added to it since stays, or is asked about."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from pydantic import ValidationError

from ocpi.sites.limits import Cap, Override, said, span
from ocpi.sites.reading import problems_of
from ocpi.sites.site import GRID, Site, SiteError
from ocpi.types.primitives import format_datetime

PLACE = ("partner_id", "location")
"""What of a site says whose EVSEs it is of."""


def moved(site: Site, before: Site) -> list[str]:
    """Where a site is described as one of another Location."""
    return [name for name in PLACE if getattr(site, name) != getattr(before, name)]


def places(site: Site) -> dict[str, str]:
    """Where in the document of a site the limits of each node are."""
    return {GRID: "limits"} | {feeder.id: f"feeders[{number}].limits" for number, feeder in enumerate(site.feeders)}


def signed(site: Site, author: str, known: Mapping[str, Sequence[Override]], caps: Mapping[str, Sequence[Cap]]) -> Site:
    """The site with its new overrides in the name of who has described it, and with no other caps than there are.

    Args:
        site: as it is described, its limits in full.
        author: who has described it.
        known: the overrides that were there before, by node.
        caps: what grid operators have signalled, by node.

    Raises:
        SiteError: a node that a cap limits is gone, or has other phases.
    """
    nodes = {branch.id: branch.calendar.limits for branch in site.branches()}
    for node, some in caps.items():
        for cap in () if node in nodes else some:
            until = format_datetime(cap.end)
            raise SiteError([f"feeders: {node!r} must stay until {until}: signal {cap.signal_id} limits it"])

    def dated(node: str) -> dict[str, object]:
        limits, before = nodes[node], known.get(node, ())
        overrides = [
            each if each in before else each.model_copy(update={"author": author}) for each in limits.overrides
        ]
        return {**dict(limits), "overrides": overrides, "caps": caps.get(node, ())}

    feeders = [{**dict(feeder), "limits": dated(feeder.id)} for feeder in site.feeders]
    try:
        return Site.model_validate({**dict(site), "limits": dated(GRID), "feeders": feeders})
    except ValidationError as error:
        raise SiteError(problems_of(error, Site)) from None


def gone(site: Site, before: Site, now: datetime) -> Iterator[str]:
    """The overrides in force or to come that a new description of the site leaves out, a line each."""
    where = places(site)
    kept = {(branch.id, each.id) for branch in site.branches() for each in branch.calendar.limits.overrides}
    for branch in before.branches():
        for override in branch.calendar.limits.overrides:
            if override.ends > now and (branch.id, override.id) not in kept:
                place = f"{where[branch.id]}.overrides" if branch.id in where else "feeders"
                yield f"{place}: {_told(override)} is left out: is it to end?"


def _told(override: Override) -> str:
    by = f", by {override.author}" if override.author else ""
    return f"{override.id!r} ({span(override)}: {said(override)}{by})"
