"""What holds for all client owned objects that are pushed to the platform."""

from collections.abc import Callable, Mapping

from cli.check import samples
from cli.check.exchange import printable
from cli.check.registry import Level, check, receiver
from cli.check.samples import Document, moment
from cli.check.store import same_moment, stores
from cli.check.subject import CLIENT_OWNED, Subject
from cli.check.verdict import answered, expect, refused, succeeded

STORES = receiver(*CLIENT_OWNED)

OPTIONAL = {"locations": "name", "sessions": "meter_id", "tariffs": "tariff_alt_url", "tokens": "visual_number"}
"""An optional field that our objects have, by module."""

REQUIRED = {"locations": "address", "sessions": "currency", "tariffs": "currency", "tokens": "issuer"}
"""A required field, by module."""


@check("TRA-36", *STORES, writes=True)
def pushed_objects_are_stored(subject: Subject) -> None:
    """An object is found by its owner and id after a PUT."""
    for store in stores(subject):
        store.holds(store.stored())


@check("STA-05", *STORES, level=Level.SHOULD, writes=True)
def new_object_is_created(subject: Subject) -> None:
    """PUT of a new object gets HTTP 201."""
    for store in stores(subject):
        answered(store.put(store.sample()), 201)


@check("STA-04", *STORES, level=Level.SHOULD, writes=True)
def known_object_is_updated(subject: Subject) -> None:
    """PUT of a known object gets HTTP 200."""
    for store in stores(subject):
        document = store.stored()
        answered(store.put(document | {"last_updated": moment(1)}), 200)


@check("TRA-31", *STORES, writes=True)
def put_replaces(subject: Subject) -> None:
    """PUT replaces the whole object."""
    for store in stores(subject):
        document = store.stored()
        optional = OPTIONAL[store.module]
        less = {name: value for name, value in document.items() if name != optional} | {"last_updated": moment(1)}
        succeeded(store.put(less))
        seen = store.ask("GET", document)
        expect(not succeeded(seen).get(optional), f"no {optional} after a PUT without it", seen)


@check("TRA-32", *receiver("locations", "sessions", "tokens"), writes=True)
def patch_changes_little(subject: Subject) -> None:
    """PATCH changes the given fields and no others."""
    for store in stores(subject, "locations", "sessions", "tokens"):
        document = store.stored()
        change = {OPTIONAL[store.module]: "changed", "last_updated": moment(1)}
        succeeded(store.patch(document, change))
        store.holds(document | change)


@check("TRA-12", *STORES, level=Level.SHOULD, writes=True)
def put_has_no_data(subject: Subject) -> None:
    """The answer to a PUT holds no data."""
    for store in stores(subject):
        seen = store.put(store.sample())
        expect(seen.data in (None, "", [], {}), "no data", seen)


@check("TRA-08", *STORES, writes=True)
def charset_is_taken(subject: Subject) -> None:
    """A Content-Type with a charset is taken."""
    for store in stores(subject):
        document = store.sample()
        headers = {"Content-Type": "application/json; charset=utf-8"}
        succeeded(store.ask("PUT", document, body=document, headers=headers))


@check("TRA-37", *STORES, level=Level.MAY, writes=True)
def foreign_party_is_refused(subject: Subject) -> None:
    """Objects of other parties are out of reach."""
    for store in stores(subject):
        document = store.sample(country_code="ZZ", party_id="ZZZ")
        seen = store.put_as("ZZ", "ZZZ", document)
        expect(not seen.ok, "no success for an object of ZZ ZZZ", seen)


@check("TRA-38", *STORES, level=Level.SHOULD, writes=True)
def ids_must_agree(subject: Subject) -> None:
    """Ids that differ in URL and body are refused with 2001."""
    for store in stores(subject):
        document = store.sample()
        name = "uid" if store.module == "tokens" else "id"
        refused(store.ask("PUT", document, body=document | {name: subject.new_id()}))
        expect(not store.ask("GET", document).ok, "nothing stored", f"{store.module} {document[name]} is there")


@check("STA-01", *STORES, writes=True)
def body_must_be_json(subject: Subject) -> None:
    """A body that is no JSON gets HTTP 400."""
    for store in stores(subject):
        answered(store.ask("PUT", store.sample(), body=b'{"id": '), 400)


@check("STA-02", *STORES, writes=True)
def refusals_are_http_200(subject: Subject) -> None:
    """A valid request that is refused gets HTTP 200 and an OCPI code."""
    for store in stores(subject):
        document = store.sample()
        seen = store.ask("PUT", document, body=document | {"last_updated": "yesterday"})
        expect(200 <= seen.status < 300 and not seen.ok, "HTTP 2xx with an OCPI code of 2000 or higher", seen)


def _each_refused(subject: Subject, wrong: Mapping[str, Document]) -> None:
    """PUT of an object with wrong fields, by module, must be refused with 2001 and not be stored."""
    for store in stores(subject, *wrong):
        document = store.sample()
        what = f"{store.module} with {printable(str(wrong[store.module]), 80)}"
        refused(store.ask("PUT", document, body=document | wrong[store.module]), 2001, what)
        seen = store.ask("GET", document)
        expect(not seen.ok, f"{what}: nothing stored", seen)


@check(
    "TYP-02",
    *receiver("locations", "sessions", "tokens"),
    writes=True,
)
def cistring_must_be_ascii(subject: Subject) -> None:
    """A CiString with other characters than ASCII is refused."""
    evses = [samples.evse("CHK-E", evse_id="NL*CHK*É")]
    wrong: dict[str, Document] = {
        "locations": {"evses": evses},
        "sessions": {"location_id": "É"},
        "tokens": {"contract_id": "É"},
    }
    _each_refused(subject, wrong)


@check("TYP-03", *receiver("locations", "sessions", "tokens"), writes=True)
def string_must_be_printable(subject: Subject) -> None:
    """Control characters in a string are refused."""
    bell = "a\x07b"
    _each_refused(subject, {"locations": {"city": bell}, "sessions": {"meter_id": bell}, "tokens": {"issuer": bell}})


@check("TYP-04", *STORES, writes=True)
def enum_must_match(subject: Subject) -> None:
    """An enum value in the wrong case is refused."""
    lower = {"price_components": [{"type": "energy", "price": 1, "step_size": 1}]}
    _each_refused(
        subject,
        {
            "locations": {"parking_type": "on_street"},
            "sessions": {"status": "active"},
            "tariffs": {"elements": [lower]},
            "tokens": {"whitelist": "never"},
        },
    )


@check("TYP-05", *STORES, writes=True)
def string_must_be_short(subject: Subject) -> None:
    """A string that is too long is refused."""
    _each_refused(
        subject,
        {
            "locations": {"city": "x" * 46},
            "sessions": {"meter_id": "x" * 256},
            "tariffs": {"currency": "EURO"},
            "tokens": {"issuer": "x" * 65},
        },
    )


@check("TYP-08", *STORES, writes=True)
def datetime_must_be_utc(subject: Subject) -> None:
    """A DateTime with an offset is refused."""
    local = {"last_updated": moment().removesuffix("Z") + "+00:00"}
    _each_refused(subject, dict.fromkeys(CLIENT_OWNED, local))


@check("TYP-10", *receiver("sessions", "tariffs"), writes=True)
def number_must_be_a_number(subject: Subject) -> None:
    """A number in a string is refused."""
    quoted = {"price_components": [{"type": "ENERGY", "price": "1", "step_size": 1}]}
    _each_refused(subject, {"sessions": {"kwh": "1.5"}, "tariffs": {"elements": [quoted]}})


@check("TYP-10", *receiver("sessions", "tariffs"), writes=True)
def decimals_are_kept(subject: Subject) -> None:
    """Numbers keep four decimals."""
    for store in stores(subject, "sessions", "tariffs"):
        price = {"type": "ENERGY", "price": 0.1234, "step_size": 1}
        fields = {"kwh": 12.3456} if store.module == "sessions" else {"elements": [{"price_components": [price]}]}
        store.holds(store.stored(**fields))


@check("TYP-13", *receiver("locations", "tariffs"), writes=True)
def url_must_be_one(subject: Subject) -> None:
    """A URL that is none is refused."""
    operator = {"name": "x", "website": "nowhere"}
    _each_refused(subject, {"locations": {"operator": operator}, "tariffs": {"tariff_alt_url": "nowhere"}})


@check("TYP-14", *receiver("locations", "tariffs"), writes=True)
def display_text_has_a_language(subject: Subject) -> None:
    """A DisplayText without language is refused."""
    text = [{"text": "hello"}]
    _each_refused(subject, {"locations": {"directions": text}, "tariffs": {"tariff_alt_text": text}})


@check("TYP-15", *STORES, writes=True)
def required_field_must_be_there(subject: Subject) -> None:
    """An object without a required field is refused."""
    for store in stores(subject):
        document = store.sample()
        required = REQUIRED[store.module]
        missing = {name: value for name, value in document.items() if name != required}
        for body in (missing, document | {required: None}):
            refused(store.ask("PUT", document, body=body), 2001, f"{store.module} without {required}")


@check("TYP-16", *STORES, writes=True)
def null_means_absent(subject: Subject) -> None:
    """Null in an optional field is taken."""
    for store in stores(subject):
        succeeded(store.put(store.sample(**{OPTIONAL[store.module]: None})))


@check("TYP-07", *STORES, writes=True)
def datetime_without_z(subject: Subject) -> None:
    """A DateTime without Z is read as UTC."""
    _datetime_is_taken(subject, lambda text: text.removesuffix("Z"))


@check("TYP-09", *STORES, level=Level.MAY, writes=True)
def datetime_with_fraction(subject: Subject) -> None:
    """A DateTime with fractions of a second is taken."""
    _datetime_is_taken(subject, lambda text: text.removesuffix("Z") + ".250Z")


def _datetime_is_taken(subject: Subject, written: Callable[[str], str]) -> None:
    for store in stores(subject):
        text = written(moment())
        document = store.stored(last_updated=text)
        got = store.read(document).get("last_updated")
        expect(same_moment(text, str(got)), f"last_updated {text}", got)


@check("TYP-01", *STORES, writes=True)
def ids_in_any_case(subject: Subject) -> None:
    """Ids are found in any case."""
    for store in stores(subject):
        document = store.stored()
        name = "uid" if store.module == "tokens" else "id"
        store.read({name: str(document[name]).lower()})
