"""The partner's own objects: from a JSON file, or made up."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from local.partner.held import last_updated
from local.partner.interfaces import KINDS, SENDS
from ocpi import wire
from ocpi.types.credentials import CredentialsRole
from ocpi.types.parties import Party
from ocpi.types.primitives import format_datetime, same
from ocpi.types.versions import ModuleID

type Document = dict[str, Any]


class StockError(Exception):
    """An object that cannot be one of ours; the message says which and why."""


class Stock:
    """Our own objects, by module; each is there once."""

    def __init__(self) -> None:
        self._objects: Mapping[ModuleID, dict[tuple[str, ...], Document]] = {module: {} for module in KINDS}

    def put(self, module: ModuleID, document: Document) -> None:
        """Have an object, instead of an older one of its name.

        Raises:
            StockError: it is no object of this module.
        """
        kind = KINDS[module]
        try:
            kind.model.model_validate(document)
        except ValidationError as error:
            wrong = error.errors()[0]
            place = "/".join(str(part) for part in wrong["loc"])
            raise StockError(f"/{place}: {wrong['msg']}") from None
        self._objects[module][tuple(str(document[name]).upper() for name in kind.identity)] = document

    def of(self, module: ModuleID) -> list[Document]:
        """The objects of a module, oldest first."""
        return sorted(self._objects[module].values(), key=last_updated)

    def find(self, module: ModuleID, id_field: str, id_: str) -> Document | None:
        """The object with an id, if there is one."""
        return next((document for document in self.of(module) if same(str(document[id_field]), id_)), None)

    def everything(self) -> dict[str, list[Document]]:
        """All objects, by module."""
        return {str(module): self.of(module) for module in KINDS}


def read_stock(path: Path) -> Stock:
    """The objects in a JSON file: ``{"locations": […], "tariffs": […], …}``.

    Raises:
        StockError: it cannot be read, or an object in it is wrong; the message says where.
    """
    stock = Stock()
    try:
        modules = wire.loads_object(path.read_bytes())
    except (OSError, wire.NotJson) as error:
        raise StockError(f"{path}: {error}") from None
    for module, documents in modules.items():
        if module not in KINDS or not isinstance(documents, list):
            raise StockError(f"{path}: /{module}: must be a list, and its name one of {', '.join(KINDS)}")
        for index, document in enumerate(documents):
            try:
                stock.put(ModuleID(module), document)
            except StockError as error:
                raise StockError(f"{path}: /{module}/{index}{error}") from None
    return stock


def make_up(stock: Stock, number: int, roles: Iterable[CredentialsRole], platform: Party, now: datetime) -> None:
    """Add so many objects of each kind that each role sends, about the `platform` where they are about anybody."""
    for own in roles:
        for module in SENDS[own.role]:
            if module not in _MADE_UP:
                continue
            for index in range(1, number + 1):
                then = format_datetime(now - timedelta(minutes=number - index))
                made = _MADE_UP[module](f"{index:04d}", platform, then)
                owner = {"country_code": own.country_code, "party_id": own.party_id}
                stock.put(module, owner | made | {"last_updated": then})


def _location(number: str, _: Party, then: str) -> Document:
    connector = {
        "id": "1",
        "standard": "IEC_62196_T2",
        "format": "SOCKET",
        "power_type": "AC_3_PHASE",
        "max_voltage": 230,
        "max_amperage": 16,
        "tariff_ids": [f"T{number}"],
        "last_updated": then,
    }
    return {
        "id": f"L{number}",
        "publish": True,
        "name": f"Car park {number}",
        "address": "Stationsplein 1",
        "city": "Utrecht",
        "postal_code": "3511 ED",
        "country": "NLD",
        "coordinates": {"latitude": "52.08950", "longitude": "5.10990"},
        "time_zone": "Europe/Amsterdam",
        "evses": [{"uid": f"E{number}", "status": "AVAILABLE", "connectors": [connector], "last_updated": then}],
    }


def _tariff(number: str, _: Party, __: str) -> Document:
    price = {"type": "ENERGY", "price": 0.25, "step_size": 1}
    return {"id": f"T{number}", "currency": "EUR", "elements": [{"price_components": [price]}]}


def _token(number: str, _: Party, __: str) -> Document:
    return {
        "uid": f"RFID{number}",
        "type": "RFID",
        "contract_id": f"NL-SIM-C{number}",
        "issuer": "Simulated partner",
        "valid": True,
        "whitelist": "ALLOWED",
    }


def _charged(number: str, platform: Party, then: str) -> Document:
    return {
        "start_date_time": then,
        "end_date_time": then,
        "cdr_token": {
            "country_code": platform.country_code,
            "party_id": platform.party_id,
            "uid": f"RFID{number}",
            "type": "RFID",
            "contract_id": f"{platform.country_code}-{platform.party_id}-C{number}",
        },
        "auth_method": "WHITELIST",
        "currency": "EUR",
        "charging_periods": [{"start_date_time": then, "dimensions": [{"type": "ENERGY", "volume": 8}]}],
    }


def _session(number: str, platform: Party, then: str) -> Document:
    return _charged(number, platform, then) | {
        "id": f"S{number}",
        "kwh": 8,
        "location_id": f"L{number}",
        "evse_uid": f"E{number}",
        "connector_id": "1",
        "status": "COMPLETED",
    }


def _cdr(number: str, platform: Party, then: str) -> Document:
    location = {
        "id": f"L{number}",
        "address": "Stationsplein 1",
        "city": "Utrecht",
        "postal_code": "3511 ED",
        "country": "NLD",
        "coordinates": {"latitude": "52.08950", "longitude": "5.10990"},
        "evse_uid": f"E{number}",
        "evse_id": f"NL*SIM*E{number}",
        "connector_id": "1",
        "connector_standard": "IEC_62196_T2",
        "connector_format": "SOCKET",
        "connector_power_type": "AC_3_PHASE",
    }
    return _charged(number, platform, then) | {
        "id": f"C{number}",
        "session_id": f"S{number}",
        "cdr_location": location,
        "total_cost": {"excl_vat": 2},
        "total_energy": 8,
        "total_time": 1,
    }


_MADE_UP: Mapping[ModuleID, Callable[[str, Party, str], Document]] = {
    ModuleID.LOCATIONS: _location,
    ModuleID.TARIFFS: _tariff,
    ModuleID.TOKENS: _token,
    ModuleID.SESSIONS: _session,
    ModuleID.CDRS: _cdr,
}
