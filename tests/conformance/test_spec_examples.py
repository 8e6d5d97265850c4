"""The specification's own examples: parsed, stored and given back without loss.

They are not copied into this repository: OCPI_SPEC_DIR names a checkout of https://github.com/ocpi/ocpi, branch
release-2.2.1-bugfixes.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from ocpi import wire
from ocpi.parties.handshake import Handshake
from ocpi.transport.validation import explain
from ocpi.types.cdrs import CDR
from ocpi.types.credentials import Credentials
from ocpi.types.locations import EVSE, EnergyMix, Hours, Location
from ocpi.types.primitives import DisplayText, OcpiModel
from ocpi.types.sessions import Session
from ocpi.types.tariffs import Tariff
from ocpi.types.tokens import Token
from ocpi.types.versions import Version, VersionDetails
from tests.api import request
from tests.partner import Partner

SPECIFICATION = os.environ.get("OCPI_SPEC_DIR")
pytestmark = pytest.mark.skipif(not SPECIFICATION, reason="OCPI_SPEC_DIR names no checkout of the specification")

WHOLE: dict[str, type[OcpiModel]] = {
    "cdr_example": CDR,
    "credentials_example": Credentials,
    "credentials_example2": Credentials,
    "credentials_example3": Credentials,
    "credentials_example4": Credentials,
    "location_example": Location,
    "location_example_parking_garage_opening_hours": Location,
    "location_example_uc2_destination_charger": Location,
    "location_example_uc3_destination_charger_not_published": Location,
    "location_example_uc4_limited_visibility": Location,
    "location_example_uc5_home_charge_point": Location,
    "location_hours_247_open_exception_closing": Hours,
    "location_hours_opening_hours_with_exceptional_closing": Hours,
    "location_hours_opening_hours_with_exceptional_opening": Hours,
    "session_example_1_simple_start": Session,
    "session_example_2_short_finished": Session,
    "tariff_10_025kwh_parking_start": Tariff,
    "tariff_11_not_possible_alt_text": Tariff,
    "tariff_12_025kwh_min_price": Tariff,
    "tariff_13_simple_3hour_5parking": Tariff,
    "tariff_14_step_size": Tariff,
    "tariff_15_reservation_5_euro_per_hour": Tariff,
    "tariff_16_reservation_2_euro_fee_5_euro_per_hour": Tariff,
    "tariff_17_reservation_with_expire_fee": Tariff,
    "tariff_18_reservation_with_expire_time": Tariff,
    "tariff_1_simple_2hour": Tariff,
    "tariff_2_alt_text": Tariff,
    "tariff_3_alt_url": Tariff,
    "tariff_4_complex": Tariff,
    "tariff_5_free_of_charge": Tariff,
    "tariff_6_025kwh_start_max_price": Tariff,
    "tariff_8_simple_025kwh": Tariff,
    "tariff_9_025kwh_start": Tariff,
    "tariffrestriction_example_max_duration": Tariff,
    "tariffrestriction_example_max_power": Tariff,
    "token_example_1_app_user": Token,
    "token_example_2_full_rfid": Token,
    "token_put_example": Token,
    "type_displaytext_example": DisplayText,
    "version_details_example": VersionDetails,
    "version_details_example2": VersionDetails,
    "versions_info_example": Version,
}
"""Files that are one object, or a list of such."""

WITHIN: dict[str, tuple[str, type[OcpiModel]]] = {
    "location_energymix_example_complete": ("energy_mix", EnergyMix),
    "location_energymix_example_energy_provider": ("energy_mix", EnergyMix),
    "location_energymix_example_simple": ("energy_mix", EnergyMix),
    "location_regularhours_example": ("opening_times", Hours),
    "transport_and_format_get_token_example": ("data", Token),
    "transport_and_format_get_token_list_example": ("data", Token),
    "transport_and_format_version_details_example": ("data", VersionDetails),
    "transport_and_format_version_info_example": ("data", Version),
}
"""Files that hold such an object in a field."""

PATCHES: dict[str, tuple[str, str]] = {
    "location_patch_example_location": ("location_example", ""),
    "location_patch_example_remove_evse": ("location_example", "/3256"),
    "location_patch_example_status": ("location_example", "/3256"),
    "location_patch_example_tariff": ("location_example", "/3256/1"),
    "session_patch_example_charging_period": ("session_example_2_short_finished", ""),
    "session_patch_example_total_cost": ("session_example_2_short_finished", ""),
    "token_patch_example": ("token_put_example", ""),
}
"""Bodies of a PATCH, each with an example that it can change, and the way to the part that it is for."""

WRONG: dict[str, tuple[type[OcpiModel], str]] = {
    # The connector lacks power_type, max_voltage, max_amperage and last_updated, and physical_reference is no string.
    "location_put_example_add_evse": (EVSE, "/connectors/0/power_type: Field required"),
    # last_updated is missing.
    "tariff_put_example": (Tariff, "/last_updated: Field required"),
}
"""What the specification's own tables do not allow, with the first thing that is wrong."""

OWNERS = {
    "CPO": ("BE/BEC", "DE/ALL", "NL/ALF", "NL/ALL", "NL/STK", "SE/EVC"),
    "EMSP": ("DE/TNM", "NL/TNM"),
}
PUT = {Location: "locations", Session: "sessions", Tariff: "tariffs", Token: "tokens"}
"""The modules whose objects their owner puts to a receiver."""

RECEIVER = "/ocpi/2.2.1/receiver"


def text_of(name: str) -> bytes:
    return (Path(SPECIFICATION or "") / "examples" / f"{name}.json").read_bytes()


def exactly(text: bytes | str) -> Any:
    """JSON with every number as it is written."""
    return json.loads(text, parse_int=lambda number: ("number", number), parse_float=lambda number: ("number", number))


def url_of(name: str) -> str:
    owned = json.loads(text_of(name))
    id_ = owned["uid"] if WHOLE[name] is Token else owned["id"]
    query = f"?type={owned['type']}" if WHOLE[name] is Token else ""
    return f"{RECEIVER}/{PUT[WHOLE[name]]}/{owned['country_code']}/{owned['party_id']}/{id_}{query}"


@pytest.fixture
def token(handshake: Handshake, partner: Partner) -> str:
    """The token of a partner with all the parties that own an example."""
    roles = [
        {"role": role, "country_code": party[:2], "party_id": party[3:], "business_details": {"name": party}}
        for role, parties in OWNERS.items()
        for party in parties
    ]
    token_a = handshake.invite("Specification")
    body = partner.credentials() | {"roles": roles}
    return str(request("POST", "/ocpi/2.2.1/credentials", token=token_a, body=body).data["token"])


def test_each_example_is_in_a_table() -> None:
    files = {file.stem for file in (Path(SPECIFICATION or "") / "examples").glob("*.json")}
    assert files == {*WHOLE, *WITHIN, *PATCHES, *WRONG}
    assert len(files) == 59


@pytest.mark.parametrize("name", [*WHOLE, *WITHIN])
def test_an_example_is_parsed_and_written_without_loss(name: str) -> None:
    field, model = WITHIN.get(name) or ("", WHOLE[name])
    content, original = wire.loads(text_of(name)), exactly(text_of(name))
    if field:
        assert isinstance(content, dict)
        content, original = content[field], original[field]
    listed = content if isinstance(content, list) else [content]
    written = [exactly(wire.dumps(model.model_validate(each))) for each in listed]
    originals = original if isinstance(original, list) else [original]
    assert without_defaults(written, originals) == originals


def without_defaults(written: Any, original: Any) -> Any:
    """What was written, without the empty lists that absent fields are read as (TYP-16)."""
    match written:
        case list():
            return [without_defaults(*pair) for pair in zip(written, original, strict=True)]
        case dict():
            return {
                name: without_defaults(value, original.get(name))
                for name, value in written.items()
                if name in original or value != []
            }
    return written


@pytest.mark.parametrize("name", [name for name, model in WHOLE.items() if model in PUT])
def test_an_example_that_is_put_is_given_back_as_it_is(token: str, name: str) -> None:
    assert request("PUT", url_of(name), token=token, body=text_of(name)).http_status == 201
    assert exactly(request("GET", url_of(name), token=token).body)["data"] == exactly(text_of(name))


def test_the_cdr_that_is_posted_is_given_back_as_it_is(token: str) -> None:
    posted = request("POST", f"{RECEIVER}/cdrs", token=token, body=text_of("cdr_example"))
    assert posted.http_status == 201
    path = posted.headers["location"].removeprefix("https://ocpi.example.com")
    assert exactly(request("GET", path, token=token).body)["data"] == exactly(text_of("cdr_example"))


@pytest.mark.parametrize("name", PATCHES)
def test_a_patch_changes_what_it_holds(token: str, name: str) -> None:
    whole, part = PATCHES[name]
    path, mark, query = url_of(whole).partition("?")
    url = f"{path}{part}{mark}{query}"
    request("PUT", url_of(whole), token=token, body=text_of(whole))
    before = exactly(request("GET", url, token=token).body)["data"]
    assert request("PATCH", url, token=token, body=text_of(name)).status_code == 1000
    change = exactly(text_of(name))
    if "charging_periods" in change:
        change["charging_periods"] = before["charging_periods"] + change["charging_periods"]
    assert exactly(request("GET", url, token=token).body)["data"] == before | change


@pytest.mark.parametrize("name", WRONG)
def test_what_the_specification_gets_wrong_is_refused(name: str) -> None:
    model, problem = WRONG[name]
    with pytest.raises(ValidationError) as failure:
        model.model_validate(wire.loads(text_of(name)))
    assert problem in explain(failure.value)
