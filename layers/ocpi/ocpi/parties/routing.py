"""Which of our parties a request is for, and which of the caller's it is from (ROU-01 to ROU-07, decision 34)."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace

from starlette.requests import Request

from ocpi.parties.own import INTERFACES, Interface, OwnPlatform
from ocpi.store.partner import Partner
from ocpi.transport.door import Route
from ocpi.transport.headers import FROM_PARTY, TO_PARTY, Routing
from ocpi.transport.quirks import Caller
from ocpi.transport.status import invalid
from ocpi.types.parties import Party


def route(own: OwnPlatform) -> Route:
    """How the routing headers of a request are read on this platform."""

    def read(routing: Routing, caller: Caller) -> Routing:
        assert isinstance(caller, Partner)  # noqa: S101 - who may come in is a partner
        sender = routing.sender
        if sender and not caller.owns(sender.country_code, sender.party_id):
            raise invalid(f"header {FROM_PARTY}: {sender} is not among the roles that you have registered")
        return replace(routing, receiver=_addressed(own, routing.receiver))

    return read


def required_offer(own: OwnPlatform, interface: Interface) -> Callable[[Request], Awaitable[None]]:
    """What lets a request pass only if the party of ours that it is for offers the interface (ROU-07).

    It raises 2001 for one that has other roles, and names those that do offer it.
    """
    offering = {
        Party(role.country_code.upper(), role.party_id.upper()): None
        for role in own.roles
        if interface in INTERFACES[role.role]
    }

    async def check(request: Request) -> None:
        party = addressed_party(request)
        if party in offering:
            return
        module, side = interface
        raise invalid(
            f"header {TO_PARTY}: our party {_names([party])} does not offer the {side} interface of {module}; "
            f"these do: {_names(offering)}"
        )

    return check


def addressed_party(request: Request) -> Party:
    """Our party that the request is for."""
    routing: Routing = request.state.routing
    assert routing.receiver  # noqa: S101 - see `route`
    return routing.receiver


def requesting_party(request: Request) -> Party:
    """The party that the request is from: that of the from-headers, else the only one that the caller has.

    Raises:
        OcpiError: 2001 if the caller has several parties and did not say which.
    """
    routing: Routing = request.state.routing
    if routing.sender:
        return routing.sender
    caller: Partner = request.state.caller
    parties = {Party(role.country_code.upper(), role.party_id.upper()) for role in caller.roles}
    if len(parties) != 1:
        raise invalid(f"header {FROM_PARTY}: must be given, since you have registered {len(parties)} parties")
    return parties.pop()


def _addressed(own: OwnPlatform, named: Party | None) -> Party:
    if named is None and len(own.parties) == 1:
        return own.parties[0]
    ours = _names(own.parties)
    if named is None:
        raise invalid(f"header {TO_PARTY}: must be given, since this platform has several parties: {ours}")
    party = own.find(named.country_code, named.party_id)
    if party is None:
        raise invalid(f"header {TO_PARTY}: {named} is none of our parties: {ours}")
    return party


def _names(parties: Iterable[Party]) -> str:
    return ", ".join(map(str, parties))
