"""What sessions cost: prices and CDRs of our own sessions, and the CDRs of others verified.

The models of bodies are built when one comes first, for most starts of the function see none.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, ValidationError
from starlette.responses import Response

from ocpi.pricing.amounts import CannotPrice
from ocpi.pricing.bill import Costs
from ocpi.pricing.cdrs import charge_detail_record
from ocpi.pricing.cost import cost, price_cdr
from ocpi.pricing.session import LONGEST, Activity, Stretch
from ocpi.pricing.verify import verify
from ocpi.store.keys import OWN, ObjectId
from ocpi.store.objects import Objects
from ocpi.transport.status import OcpiError, invalid, unknown
from ocpi.transport.validation import explain, parse_object, validated
from ocpi.types.cdrs import CDR
from ocpi.types.locations import Location, TimeZone
from ocpi.types.parties import Party
from ocpi.types.periods import ChargingPeriod
from ocpi.types.primitives import CiString36, DateTime, Number, OcpiModel, OneOrMore, Price, ZeroOrMore, same
from ocpi.types.sessions import Session
from ocpi.types.tariffs import Tariff
from ocpi.types.versions import InterfaceRole, ModuleID
from owner import examples
from owner.addressing import Addresses, received
from owner.answers import answer
from owner.describe import Described, body, reference, returns
from owner.parties import PartyName

MOST_STRETCHES = 2000
"""A meter value a minute for a day and more."""

MOST_STORED_TARIFFS = 20
"""How many Tariffs of ours are looked up for one session."""

MOST_STEPS = 200_000
"""About how many restrictions are looked at for one session: seconds."""

Decimals = Annotated[int, Field(strict=True, ge=0, le=10)]


class MeasuredStretch(OcpiModel, defer_build=True):
    """What was measured from one meter value to the next."""

    start: DateTime
    end: DateTime
    activity: Activity = Field(
        Activity.CHARGING,
        description="A vehicle that wants power and gets none is CHARGING; EXPIRED is a reservation that nobody used.",
    )
    tariff_id: CiString36 | None = Field(
        None, description="One of `tariffs`, else a stored Tariff of our party; without it the time is free."
    )
    energy_kwh: Number = Field(Decimal(0), description="Negative for net export.")
    current_a: Number | None = Field(None, description="The sum of all phases, where the tariff depends on it.")
    power_kw: Number | None = Field(None, description="Energy by time, unless given.")

    def under(self, tariff: Tariff | None) -> Stretch:
        """The same, as it is priced.

        Raises:
            CannotPrice: it is no stretch of a session.
        """
        return Stretch(self.start, self.end, self.activity, tariff, self.energy_kwh, self.current_a, self.power_kw)


class MeasuredSession(OcpiModel, defer_build=True):
    """What was measured of a session, reservation and parking included."""

    stretches: Annotated[OneOrMore[MeasuredStretch], Field(max_length=MOST_STRETCHES)] = Field(
        description="One after the other, without gaps, a reservation first."
    )
    tariffs: ZeroOrMore[Tariff] = Field([], description="Those that are not stored, or have changed since it started.")


class PriceOrder(MeasuredSession):
    """A session to price."""

    own_party: PartyName | None = Field(None, description="Our CPO; may be left out if there is one only.")
    time_zone: TimeZone = Field(description="That of the Location.")
    decimals: Decimals | None = Field(None, description="To how many amounts are rounded; else they are exact.")


class CdrOrder(MeasuredSession):
    """A Session of ours that has ended."""

    id: CiString36 = Field(description="The CDR is to be called so.")
    location: Location | None = Field(
        None, description="As it was when the session started; may be left out if the stored one still is."
    )
    decimals: Decimals = Field(2, description="Those of the currency.")


class CdrTerms(OcpiModel, defer_build=True):
    """By what a CDR is verified."""

    time_zone: TimeZone | None = Field(None, description="That of the Location; may be left out if we have got it.")
    tariffs: OneOrMore[Tariff] | None = Field(None, description="Those agreed upon, instead of the CDR's own.")
    decimals: Decimals = Field(2, description="Those of the currency; less than one unit of the last is no difference.")


class VerificationOrder(CdrTerms):
    """A CDR to verify."""

    time_zone: TimeZone = Field(description="That of the Location.")
    cdr: CDR


class Totals(BaseModel, defer_build=True):
    """Totals as a CDR has them; one is absent where no price applied, which differs from a price of 0."""

    total_cost: Price
    total_fixed_cost: Price | None = None
    total_energy: Number
    total_energy_cost: Price | None = None
    total_time: Number
    total_time_cost: Price | None = None
    total_parking_time: Number | None = None
    total_parking_cost: Price | None = None
    total_reservation_cost: Price | None = None


class SessionCost(Totals):
    """What a session costs, as the fields of its CDR."""

    start_date_time: DateTime
    end_date_time: DateTime
    tariffs: list[Tariff]
    charging_periods: list[ChargingPeriod]


class CdrDifference(BaseModel):
    """What is wrong with a CDR."""

    field: str = Field(description="As JSON Pointer; empty if it is the whole.")
    message: str
    stated: Number | None = None
    expected: Number | None = None


class Verification(BaseModel, defer_build=True):
    """What is wrong with a CDR, and what it should cost."""

    differences: list[CdrDifference] = Field(description="Empty if the CDR is right.")
    expected: Totals | None = Field(None, description="Exact, by its periods; absent if it cannot be priced.")


_PRICED: dict[int | str, Described] = {
    200: returns(reference(SessionCost), "What the session costs.", examples.SESSION_COST)
}
_MADE: dict[int | str, Described] = {
    200: returns(reference(CDR), "The CDR. It is not stored: PUT it, and partners get it.", examples.CDR)
}
_VERIFIED: dict[int | str, Described] = {
    200: returns(reference(Verification), "What is wrong with the CDR.", examples.VERIFICATION)
}


def routes(objects: Objects, addresses: Addresses) -> APIRouter:
    """The routes."""
    router = APIRouter(tags=["pricing"])

    @router.post(
        "/prices",
        operation_id="priceSession",
        summary="Price a session",
        responses=_PRICED,
        openapi_extra=body(reference(PriceOrder), examples.PRICE_ORDER),
    )
    async def price(request: Request) -> Response:
        order = validated(PriceOrder, parse_object(await request.body()))
        party = order.own_party.party if order.own_party else None
        costs = _cost(order, _Tariffs(objects, addresses, party, order), order.time_zone)
        return answer(SessionCost(**costs.cdr_fields(order.decimals)))

    @router.post(
        "/sessions/{country_code}/{party_id}/{session_id}/cdr",
        operation_id="makeCDR",
        summary="Make the CDR of a Session of ours",
        responses=_MADE,
        openapi_extra=body(reference(CdrOrder), examples.CDR_ORDER),
    )
    async def make_cdr(request: Request) -> Response:
        names = request.path_params
        session_id = addresses.object(ModuleID.SESSIONS, names["country_code"], names["party_id"], names["session_id"])
        order = validated(CdrOrder, parse_object(await request.body()))
        stored = objects.get(session_id)
        if stored is None:
            raise unknown(f"Session {session_id.id}")
        session = validated(Session, stored.parsed())
        location = _location(objects, session_id, session, order.location)
        party = Party(session_id.country_code, session_id.party_id)
        costs = _cost(order, _Tariffs(objects, addresses, party, order), location.time_zone)
        return answer(_cdr(order, session, location, costs))

    @router.post(
        "/verifications",
        operation_id="verifyCDR",
        summary="Verify a CDR",
        responses=_VERIFIED,
        openapi_extra=body(reference(VerificationOrder), examples.VERIFICATION_ORDER),
    )
    async def verify_cdr(request: Request) -> Response:
        order = validated(VerificationOrder, parse_object(await request.body()))
        return answer(_verification(order.cdr, order.time_zone, order))

    @router.post(
        f"/received/{{partner_id}}/{ModuleID.CDRS}/{{country_code}}/{{party_id}}/{{cdr_id}}/verification",
        operation_id="verifyReceivedCDR",
        summary="Verify a CDR that a partner has sent us",
        responses=_VERIFIED,
        openapi_extra=body(reference(CdrTerms), {}, required=False),
    )
    async def verify_received(request: Request) -> Response:
        names = request.path_params
        partner = addresses.partner(names["partner_id"])
        cdr_id = received(partner, ModuleID.CDRS, names["country_code"], names["party_id"], names["cdr_id"])
        terms = validated(CdrTerms, parse_object(await request.body() or b"{}"))
        stored = objects.get(cdr_id)
        if stored is None:
            raise unknown(f"CDR {cdr_id.id}")
        cdr = validated(CDR, stored.parsed())
        return answer(_verification(cdr, terms.time_zone or _time_zone(objects, cdr_id, cdr), terms))

    return router


@dataclass
class _Tariffs:
    """The Tariffs that the stretches of a session name: those given with it, else those of our party."""

    objects: Objects
    addresses: Addresses
    party: Party | None
    session: MeasuredSession

    def __post_init__(self) -> None:
        self._known = {tariff.id.lower(): tariff for tariff in reversed(self.session.tariffs)}
        self._looked_up = 0

    def get(self, tariff_id: str, where: str) -> Tariff:
        """The Tariff that is named `where`.

        Raises:
            OcpiError: 2001 if there is none, it changed since the session started (CDR-17), or is one too many.
        """
        key = tariff_id.lower()
        if key not in self._known:
            self._known[key] = self._stored(tariff_id, where)
        return self._known[key]

    def _stored(self, tariff_id: str, where: str) -> Tariff:
        self._looked_up += 1
        if self._looked_up > MOST_STORED_TARIFFS:
            raise invalid(f"{where}: at most {MOST_STORED_TARIFFS} stored Tariffs are looked up; give the others")
        party = self.addresses.speaker(ModuleID.TARIFFS, InterfaceRole.SENDER, self.party, "/own_party")
        known = self.objects.get(ObjectId(OWN, ModuleID.TARIFFS, party.country_code, party.party_id, tariff_id))
        if known is None:
            raise invalid(f"{where}: {tariff_id} is none of the tariffs given, and no stored one of ours")
        if known.last_updated > self.session.stretches[0].start:
            raise invalid(f"{where}: {tariff_id} has changed since the session started; give it as it was")
        return validated(Tariff, known.parsed())


def _cost(session: MeasuredSession, tariffs: _Tariffs, time_zone: str) -> Costs:
    """What it costs.

    Raises:
        OcpiError: 2001 naming what cannot be priced.
    """
    stretches = list(_stretches(session, tariffs))
    used = {id(stretch.tariff): stretch.tariff for stretch in stretches if stretch.tariff}
    _require_few_steps(len(stretches), stretches[-1].end - stretches[0].start, list(used.values()), "/stretches")
    try:
        return cost(stretches, time_zone)
    except CannotPrice as error:
        raise _refused(error, "/stretches") from None


def _stretches(session: MeasuredSession, tariffs: _Tariffs) -> Iterator[Stretch]:
    for index, measured in enumerate(session.stretches):
        where = f"/stretches/{index}"
        tariff = tariffs.get(measured.tariff_id, f"{where}/tariff_id") if measured.tariff_id else None
        try:
            yield measured.under(tariff)
        except CannotPrice as error:
            raise _refused(error, where) from None


def _require_few_steps(parts: int, duration: timedelta, tariffs: Sequence[Tariff], where: str) -> None:
    """Refuse what would take minutes: each element may change the price twice a day, and each change looks at all."""
    elements = sum(len(tariff.elements) for tariff in tariffs)
    days = min(duration, parts * LONGEST).days
    if elements * (parts + 2 * elements * (days + 2)) > MOST_STEPS:
        raise invalid(f"{where}: tariffs of {elements} elements are too many for {parts} parts in {days} days")


def _refused(error: CannotPrice, where: str) -> OcpiError:
    return invalid(f"{error.field or where}: {error}")


def _location(objects: Objects, session_id: ObjectId, session: Session, given: Location | None) -> Location:
    """Where the session was.

    Raises:
        OcpiError: 2001 if it is not stored and not given, or another is given.
    """
    if given is None:
        stored = objects.get(replace(session_id, module=ModuleID.LOCATIONS, id=session.location_id))
        if stored is None:
            raise invalid(f"/location: must be given, for the Location {session.location_id} is not stored")
        return validated(Location, stored.parsed())
    if not same(given.id, session.location_id):
        raise invalid(f"/location/id: must be that of the Session, {session.location_id}")
    return given


def _cdr(order: CdrOrder, session: Session, location: Location, costs: Costs) -> CDR:
    try:
        return charge_detail_record(order.id, session, location, costs, order.decimals)
    except CannotPrice as error:
        raise _refused(error, "/location") from None
    except ValidationError as error:
        raise invalid(explain(error)) from None


def _time_zone(objects: Objects, cdr_id: ObjectId, cdr: CDR) -> str:
    """That of the Location of a CDR, as the same partner told it.

    Raises:
        OcpiError: 2001 if it did not.
    """
    location_id = cdr.cdr_location.id
    stored = objects.get(replace(cdr_id, module=ModuleID.LOCATIONS, id=location_id))
    if stored is None:
        raise invalid(f"/time_zone: must be given, for the partner has not sent the Location {location_id}")
    return validated(Location, stored.parsed()).time_zone


def _verification(cdr: CDR, time_zone: str, terms: CdrTerms) -> Verification:
    duration = cdr.end_date_time - cdr.start_date_time
    tariffs = cdr.tariffs if terms.tariffs is None else terms.tariffs
    _require_few_steps(len(cdr.charging_periods), duration, tariffs, "/tariffs")
    differences = verify(cdr, time_zone, terms.tariffs, terms.decimals)
    return Verification(
        differences=[CdrDifference(**asdict(difference)) for difference in differences],
        expected=_expected(cdr, time_zone, terms.tariffs),
    )


def _expected(cdr: CDR, time_zone: str, tariffs: Sequence[Tariff] | None) -> Totals | None:
    try:
        return Totals(**price_cdr(cdr, time_zone, tariffs).cdr_fields(decimals=None))
    except CannotPrice:
        return None
