"""The partner's server: all its interfaces, its faults and its control."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Depends, FastAPI, Request, Response

from local.ocpi_http.client import Client, OcpiError, Unreachable
from local.ocpi_http.conditions import Conditions
from local.ocpi_http.control import NotControlled, add_control, from_here, plain
from local.ocpi_http.errands import Errands
from local.ocpi_http.faulty import Faulty
from local.ocpi_http.registration import Registration
from local.ocpi_http.server import create_app
from local.ocpi_http.traffic import Traffic
from local.partner.held import Held
from local.partner.interfaces import KINDS, offered
from local.partner.pushing import push
from local.partner.receivers import add_receivers
from local.partner.results import Desk
from local.partner.senders import add_senders
from local.partner.stock import Stock, StockError
from ocpi import wire
from ocpi.types.versions import ModuleID


@dataclass(frozen=True)
class PartnerParts:
    """All parts of a partner but its server."""

    registration: Registration
    client: Client
    conditions: Conditions
    traffic: Traffic
    errands: Errands
    held: Held
    stock: Stock
    desk: Desk

    def state(self) -> Mapping[str, Any]:
        """Who it is and what it holds, as JSON."""
        partner = self.registration.partner
        return {
            "roles": [f"{own.role}:{own.country_code}/{own.party_id}" for own in self.registration.roles],
            "platform": f"{partner.country_code}/{partner.party_id}" if partner else None,
            "held": self.held.everything(),
            "stock": {module: len(documents) for module, documents in self.stock.everything().items()},
            "commands": list(self.desk.commands),
            "charging_profiles": self.desk.profiles,
            "active_charging_profiles": self.desk.told,
        }


def create_partner(base_url: str, parts: PartnerParts) -> Faulty:
    """The server as an ASGI application; `base_url` is where the platform reaches it."""
    registration = parts.registration
    interfaces = offered(registration.roles)
    app = create_app("Simulated partner", base_url, interfaces, registration, parts.client)
    add_receivers(app, base_url, interfaces, registration, parts.held, parts.desk)
    add_senders(app, base_url, interfaces, registration, parts.stock, parts.desk)
    add_control(app, parts.conditions, parts.state)
    _add_stock_control(app, parts)
    return Faulty(app, parts.conditions, parts.traffic, lambda: parts.errands.run(registration.rotate(parts.client)))


def _add_stock_control(app: FastAPI, parts: PartnerParts) -> None:
    @app.put("/control/stock/{module}", dependencies=[Depends(from_here)])
    async def put(module: str, request: Request) -> Response:
        """Have an object, and push it."""
        if module not in KINDS:
            raise NotControlled(f"there is no list of {module}, only of {', '.join(KINDS)}")
        try:
            document = wire.loads_object(await request.body())
            parts.stock.put(ModuleID(module), document)
            pushed = await push(parts.registration, parts.client, ModuleID(module), document)
        except (wire.NotJson, StockError, OcpiError, Unreachable) as error:
            raise NotControlled(str(error)) from None
        return plain({"pushed": pushed})
