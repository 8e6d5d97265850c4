"""Which of our Sessions and CDRs a party may see: those of its own drivers (TRA-28, CDR-01)."""

from collections.abc import Set as AbstractSet

from starlette.requests import Request

from ocpi.parties.routing import addressed_party, requesting_party
from ocpi.store.lists import ObjectList
from ocpi.store.partner import Partner
from ocpi.types.parties import Party
from ocpi.types.primitives import Role
from ocpi.types.versions import ModuleID


def visible(request: Request, module: ModuleID, sees_all: AbstractSet[Role]) -> ObjectList:
    """What there is for the party that asks, of what the party that is asked owns.

    Args:
        request: the request.
        module: Sessions or CDRs.
        sees_all: the roles that see what concerns others, too.
    """
    asking = requesting_party(request)
    everything = sees_all & _roles(request.state.caller, asking)
    return ObjectList.own(module, addressed_party(request), None if everything else asking)


def _roles(partner: Partner, party: Party) -> set[Role]:
    """The market roles of one of a partner's parties."""
    return {own.role for own in partner.roles if party.named(own.country_code, own.party_id)}
