"""CDRs that come in, from their CPO or from our own backend: stored once and never changed (CDR-03, CDR-07)."""

from ocpi import wire
from ocpi.intake.own_cdr import add_session, sendable
from ocpi.store.keys import ObjectId
from ocpi.store.objects import Objects
from ocpi.transport.patch import last_updated
from ocpi.transport.status import invalid
from ocpi.transport.validation import validated
from ocpi.types.cdrs import CDR
from ocpi.types.versions import ModuleID


def post(objects: Objects, partner_id: str, document: wire.JsonObject) -> tuple[ObjectId, bool]:
    """Store a CDR; returns which it is, and whether it is new (decision 26).

    A credit CDR is taken from a partner whether or not we hold what it credits, which may be older than the connection.

    Raises:
        OcpiError: 2001 naming what is wrong, or if another CDR is stored under this id (CDR-07, CDR-12).
    """
    cdr = validated(CDR, document)
    cdr_id = ObjectId(partner_id, ModuleID.CDRS, cdr.country_code, cdr.party_id, cdr.id)
    if cdr_id.ours:
        document = sendable(objects, cdr_id, cdr, document)
    stored = objects.add(cdr_id, document, last_updated(document))
    if stored and stored.parsed() != document:
        raise invalid(f"/id: the CDR {cdr.id} is stored with other content, and no CDR ever changes; send a credit CDR")
    if cdr_id.ours and cdr.session_id is None and not cdr.credit:
        add_session(objects, cdr_id, document)
    return cdr_id, stored is None
