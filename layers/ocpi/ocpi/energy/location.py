"""The Location that a site stands for, as its operator has told it, and the EVSEs that there are."""

from collections.abc import Iterable
from difflib import get_close_matches

from ocpi import wire
from ocpi.logs import logger
from ocpi.sites.reading import MOST_PROBLEMS
from ocpi.sites.site import Site, SiteError
from ocpi.store.objects import Objects


def location_of(site: Site, objects: Objects) -> wire.JsonObject | None:
    """The Location of a site; None if it has not been told, or cannot be read."""
    id_ = site.location.of(site.partner_id)
    stored = objects.get(id_)
    try:
        return stored.parsed() if stored else None
    except wire.NotJson:
        logger.exception("the Location cannot be read", location_id=id_.id)
        return None


def check_evses(place: str, evse_uids: Iterable[str], site: Site, location: wire.JsonObject | None) -> None:
    """See that there are these EVSEs, by the Location or the site's file; as long as there is no Location, any may be.

    Args:
        place: where in the site's document they stand.
        evse_uids: which.
        site: with what its file says of EVSEs.
        location: with those that its operator has told.

    Raises:
        SiteError: there is none of a uid; it says which is the most like it.
    """
    told = location.get("evses") if location else None
    if not isinstance(told, list):
        return
    uids = [str(evse.get("uid")) for evse in told if isinstance(evse, dict)]
    known = {uid.lower(): uid for uid in (*uids, *(evse.evse_uid for evse in site.evses))}
    unknown = [uid for uid in evse_uids if uid.lower() not in known]
    if unknown:
        raise SiteError([f"{place}.{uid}: there is no such EVSE{_like(uid, known)}" for uid in unknown[:MOST_PROBLEMS]])


def _like(uid: str, known: dict[str, str]) -> str:
    nearest = get_close_matches(uid.lower(), known, n=1, cutoff=0.0)
    return f": is {known[nearest[0]]!r} meant?" if nearest else " at the Location"
