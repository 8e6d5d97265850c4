"""What the partner sends of its own objects."""

from urllib.parse import urlencode

from local.ocpi_http.client import Client, Unreachable, joined
from local.ocpi_http.registration import Registration
from local.partner.interfaces import KINDS
from local.partner.stock import Document, Stock
from ocpi.types.parties import Party
from ocpi.types.versions import InterfaceRole, ModuleID


async def push_all(registration: Registration, client: Client, stock: Stock) -> int:
    """Send every object for which the platform has a receiver; how many these were.

    Raises:
        OcpiError, Unreachable: it does not take one.
    """
    pushed = 0
    for module in KINDS:
        for document in stock.of(module):
            pushed += await push(registration, client, module, document)
    return pushed


async def push(registration: Registration, client: Client, module: ModuleID, document: Document) -> bool:
    """Send an object: PUT, and POST if it is a CDR; whether the platform has a receiver for it.

    Raises:
        OcpiError, Unreachable: it does not take it.
    """
    partner = registration.partner
    if partner is None:
        raise Unreachable("no platform is registered")
    if not partner.offers(module, InterfaceRole.RECEIVER):
        return False
    routing = partner.routing(Party(document["country_code"], document["party_id"]))
    url = partner.url(module, InterfaceRole.RECEIVER)
    if module is ModuleID.CDRS:
        await client.call("POST", url, partner.token, document, routing)
        return True
    await client.call("PUT", _object_url(url, module, document), partner.token, document, routing)
    return True


def _object_url(url: str, module: ModuleID, document: Document) -> str:
    named = [document[name] for name in KINDS[module].identity[:3]]
    if module is ModuleID.TOKENS:
        return f"{joined(url, *named)}?{urlencode({'type': document['type']})}"
    return joined(url, *(named[:2] if module is ModuleID.HUB_CLIENT_INFO else named))
