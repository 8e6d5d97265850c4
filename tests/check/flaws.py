"""Every way in which the reference is broken on purpose: at least one for each check, which must find it."""

import base64
import re
import time
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from ocpi.types.primitives import format_datetime, parse_datetime
from tests.check.reference import (
    FROM,
    INVITATION,
    OWNED,
    PARTNER_TOKEN,
    TO,
    Answer,
    Proceed,
    Reference,
    Refusal,
    Request,
    Tamper,
)
from tests.check.tampering import (
    MISSING,
    Methods,
    Mislead,
    Spoil,
    Where,
    at,
    body,
    careless,
    header,
    instead,
    mislead,
    picky,
    put,
    recode,
    restate,
    serving,
    spoil,
)

V = "/ocpi/2.2.1"
VERSIONS = "/ocpi/versions"
CREDENTIALS = f"{V}/credentials"
LISTS = f"{V}/SENDER/[a-z]+"
OBJECTS = f"{V}/RECEIVER/({'|'.join(OWNED)})/.+"
COMMANDS = f"{V}/RECEIVER/commands/"
PROFILES = f"{V}/RECEIVER/chargingprofiles/.+"
CDRS = f"{V}/RECEIVER/cdrs"
CLIENT_INFO = f"{V}/RECEIVER/hubclientinfo/.+"
ANYWHERE = "/.*"


@dataclass(frozen=True)
class Flaw:
    """One deliberate defect of the reference, and the name of the check that must find it."""

    name: str
    check: str
    tamper: Tamper
    hub: bool = False


def entries(module: str, path: str, value: object) -> Tamper:
    """The first object of a list is wrong."""
    return spoil(f"{V}/SENDER/{module}", put(f"0/{path}", value))


def endpoints(change: Callable[[list[Any]], list[Any]]) -> Tamper:
    """The endpoints in the details are wrong."""

    def spoiled(answer: Answer) -> None:
        if answer.data:
            answer.data["endpoints"] = change(answer.data["endpoints"])

    return spoil(V, spoiled)


# Versions and credentials


def _relative(answer: Answer) -> None:
    for entry in answer.data or []:
        entry["url"] = entry["url"].partition("/ocpi")[2].join(("/ocpi", ""))


def _unversioned(endpoints_: list[Any]) -> list[Any]:
    return [endpoint | {"url": endpoint["url"].replace("2.2.1", "v2")} for endpoint in endpoints_]


def _only_modules(*modules: str) -> Tamper:
    return endpoints(lambda all_: [endpoint for endpoint in all_ if endpoint["identifier"] in modules])


def _twice(answer: Answer) -> None:
    if answer.data:
        (first, *_) = answer.data["roles"]
        answer.data["roles"].append(first | {"party_id": first["party_id"].lower()})


def _add_version(answer: Answer) -> None:
    answer.data = [*(answer.data or []), {"version": "2.2", "url": "https://example.com/2.2"}]


_VERSIONS = [
    Flaw("no versions", "versions_are_listed", spoil(VERSIONS, lambda a: setattr(a, "data", []))),
    Flaw("only a later version", "version_2_2_1_is_offered", spoil(VERSIONS, put("0/version", "2.3.0"))),
    Flaw("a version without URL", "version_2_2_1_is_offered", spoil(VERSIONS, put("0/url", MISSING))),
    Flaw("offers 2.2", "no_deprecated_version", spoil(VERSIONS, _add_version)),
    Flaw("details in an array", "details_are_an_object", spoil(V, lambda a: setattr(a, "data", [a.data]))),
    Flaw("an endpoint without role", "endpoints_are_complete", spoil(V, put("endpoints/1/role", MISSING))),
    Flaw("an endpoint listed twice", "endpoints_differ", endpoints(lambda all_: [*all_, all_[-1]])),
    Flaw("no credentials endpoint", "credentials_are_offered", endpoints(lambda all_: all_[1:])),
    Flaw("credentials as RECEIVER", "credentials_are_a_sender", spoil(V, put("endpoints/0/role", "RECEIVER"))),
    Flaw("URLs without version", "urls_hold_the_version", endpoints(_unversioned)),
    Flaw("relative URLs", "urls_are_absolute", spoil(VERSIONS, _relative)),
    Flaw("commands alone", "modules_fit_together", _only_modules("credentials", "commands")),
    Flaw("locations without tariffs", "modules_fit_together", _only_modules("credentials", "locations")),
    Flaw(
        "an endpoint without TLS",
        "tls_everywhere",
        endpoints(lambda all_: [*all_, all_[-1] | {"role": "SENDER", "url": "http://ocpi.example.com/2.2.1"}]),
    ),
]

_CREDENTIALS = [
    Flaw(
        "no GET of credentials", "credentials_are_given", instead(CREDENTIALS, lambda _: Answer(code=2000, status=405))
    ),
    Flaw("credentials without roles", "credentials_are_given", spoil(CREDENTIALS, put("roles", MISSING))),
    Flaw("a long token", "token_is_short", spoil(CREDENTIALS, put("token", "x" * 65))),
    Flaw("a token with a space", "token_is_printable", spoil(CREDENTIALS, put("token", "a b"))),
    Flaw(
        "the URL of the details in the credentials",
        "url_leads_to_versions",
        spoil(CREDENTIALS, lambda a: put("url", str(a.data["url"]).replace("versions", "2.2.1"))(a)),
    ),
    Flaw("a role without details", "roles_are_complete", spoil(CREDENTIALS, put("roles/0/business_details", MISSING))),
    Flaw("a role twice", "roles_differ", spoil(CREDENTIALS, _twice)),
    Flaw(
        "a hub that is a CPO, too",
        "hub_is_only_a_hub",
        spoil(CREDENTIALS, lambda a: a.data["roles"].append(a.data["roles"][0] | {"role": "CPO"})),
        hub=True,
    ),
]


# Authorization


def _anybody(request: Request) -> Request:
    return request if "authorization" in request.headers else request.presenting(PARTNER_TOKEN)


def _any_scheme(request: Request) -> Request:
    given = request.headers.get("authorization", "")
    return replace(request, headers=request.headers | {"authorization": given.replace("Bearer", "Token")})


def _any_token(request: Request) -> Request:
    given = request.headers.get("authorization", "").partition(" ")[2]
    with suppress(ValueError):
        if base64.b64decode(given, validate=True).startswith(b"unknown"):
            return request.presenting(PARTNER_TOKEN)
    return request


def _garbled_fails(_: Reference, request: Request, proceed: Proceed) -> Answer:
    return Answer(code=3000, status=500) if "%" in request.headers.get("authorization", "") else proceed(request)


def _case_counts(request: Request) -> Request:
    kept = {name.lower() for name in request.names if name in ("Authorization", "X-Request-ID", "X-Correlation-ID")}
    names = {"authorization", "x-request-id", "x-correlation-id"} - kept
    return replace(request, headers={name: value for name, value in request.headers.items() if name not in names})


def _invitation_opens_tokens(request: Request) -> Request:
    return request.presenting(PARTNER_TOKEN)


_AUTHORIZATION = [
    Flaw("lets in who has no token", "header_is_needed", mislead(ANYWHERE, _anybody)),
    Flaw("takes Bearer", "scheme_is_token", mislead(ANYWHERE, _any_scheme)),
    Flaw("fails on what is no Base64", "token_is_base64", _garbled_fails),
    Flaw("takes any token", "token_is_known", mislead(ANYWHERE, _any_token)),
    Flaw("says 403", "token_is_known", spoil(ANYWHERE, restate(401, 403))),
    Flaw("the case of headers counts", "header_names_in_any_case", mislead(ANYWHERE, _case_counts)),
    Flaw(
        "an invitation opens tokens",
        "invitation_opens_no_module",
        mislead(f"{V}/SENDER/tokens", _invitation_opens_tokens),
    ),
    Flaw("any routing header", "malformed_routing", careless(LISTS)),
    Flaw("nothing where 404 belongs", "unknown_object_is_404", spoil(ANYWHERE, restate(404, 200))),
]


# Registration


def _registering(act: Callable[[Reference, Request, Proceed], Answer], method: str = "POST") -> Tamper:
    def tamper(platform: Reference, request: Request, proceed: Proceed) -> Answer:
        return act(platform, request, proceed) if at(request, CREDENTIALS, method) else proceed(request)

    return tamper


def _used_up(platform: Reference, request: Request, proceed: Proceed) -> Answer:
    answer = proceed(request)
    platform.invitations.clear()
    return answer


def _calling_back(headers: dict[str, str]) -> Tamper:
    """Also calls back with other headers."""

    def act(platform: Reference, request: Request, proceed: Proceed) -> Answer:
        with suppress(Refusal):
            platform.call_back(request.document, headers)
        return proceed(request)

    return _registering(act)


def _unseen(platform: Reference, request: Request, _: Proceed) -> Answer:
    """Gives a new token without looking at the partner's versions."""
    platform.tokens.discard(platform.token(request))
    platform.invitations.clear()
    platform.tokens.add("given-unseen")
    return Answer(platform.credentials("given-unseen"))


def _same_token(platform: Reference, request: Request, _: Proceed) -> Answer:
    token = platform.token(request)
    platform.invitations.clear()
    platform.tokens.add(token)
    return Answer(platform.credentials(token))


def _both_tokens(platform: Reference, request: Request, proceed: Proceed) -> Answer:
    token = platform.token(request)
    answer = proceed(request)
    platform.tokens.add(token)
    return answer


def _useless_token(platform: Reference, request: Request, proceed: Proceed) -> Answer:
    answer = proceed(request)
    platform.tokens.clear()
    return answer


def _undying(platform: Reference, request: Request, proceed: Proceed) -> Answer:
    answer = proceed(request)
    platform.invitations.add(INVITATION)
    return answer


def _again(platform: Reference, request: Request, proceed: Proceed) -> Answer:
    token = platform.token(request)
    return Answer(platform.credentials(token)) if token in platform.tokens else proceed(request)


_REGISTRATION = [
    Flaw("PATCH of credentials", "credentials_have_no_patch", serving(CREDENTIALS, "PATCH")),
    Flaw("PUT registers", "put_needs_registration", serving(CREDENTIALS, "PUT")),
    Flaw("DELETE of nothing", "delete_needs_registration", serving(CREDENTIALS, "DELETE")),
    Flaw("2000 for broken versions", "broken_versions", spoil(CREDENTIALS, recode(3001, 2000), "POST")),
    Flaw("registers who lacks endpoints", "missing_endpoints", spoil(CREDENTIALS, recode(3003, 1000), "POST")),
    Flaw("registers who lacks 2.2.1", "outdated_versions", spoil(CREDENTIALS, recode(3002, 1000), "POST")),
    Flaw("an invitation for one attempt", "invitation_survives", _registering(_used_up)),
    Flaw("takes credentials without roles", "roles_are_needed", careless(CREDENTIALS)),
    Flaw("calls back with a plain token", "our_token_is_used", _calling_back({"Authorization": "Token plain"})),
    Flaw("never looks at our versions", "our_versions_are_read", _registering(_unseen)),
    Flaw("gives the invitation again", "registration_gives_a_token", _registering(_same_token)),
    Flaw("message ids that are numbers", "its_requests_have_ids", _calling_back({"X-Request-ID": "1"})),
    Flaw("gives a useless token", "new_token_works", _registering(_useless_token)),
    Flaw("the invitation lives on", "invitation_is_dead", _registering(_undying)),
    Flaw("registers twice", "post_only_once", _registering(_again)),
    Flaw("never looks again", "put_reads_again", _registering(_unseen, "PUT")),
    Flaw("the token stays", "put_renews_the_token", _registering(_same_token, "PUT")),
    Flaw("the old token stays", "put_renews_the_token", _registering(_both_tokens, "PUT")),
    Flaw("the registration stays", "delete_ends_it", serving(CREDENTIALS, "DELETE")),
]


# Lists


def _later(name: str) -> Mislead:
    """A date in the query is a second later."""

    def change(request: Request) -> Request:
        value = request.query.get(name)
        if value is None or not value.startswith("2026"):
            return request
        return request.asking(**{name: format_datetime(parse_datetime(value) + timedelta(seconds=1))})

    return change


def _from_one(request: Request) -> Request:
    offset = int(request.query.get("offset", "1"))
    return request.asking(offset=str(max(0, offset - 1)))


def _flip(platform: Reference, request: Request, proceed: Proceed) -> Answer:
    module = request.path.rpartition("/")[2]
    if at(request, LISTS, "GET") and request.query.get("limit") == "100" and "offset" not in request.query:
        platform.stock[module].reverse()
    return proceed(request)


def _valid_only(request: Request) -> Request:
    bad = {"date_from": "yesterday", "date_to": "soon"}
    return request.asking(**{name: None for name, value in bad.items() if request.query.get(name) == value})


def _positive(request: Request) -> Request:
    query = request.query
    return request.asking(**{n: query[n].lstrip("-") for n in ("offset", "limit") if n in query})


def _link(change: Callable[[str], str | None]) -> Spoil:
    def spoiled(answer: Answer) -> None:
        header("Link", change(answer.headers.get("Link", "")))(answer)

    return spoiled


def _counted(name: str) -> Spoil:
    return lambda answer: header(name, str(len(answer.data or [])))(answer)


def _ever(request: Request) -> Request:
    return request if "date_from" in request.query else request.asking(date_from="2000-01-01T00:00:00Z")


def _null_for_nothing(answer: Answer) -> None:
    answer.data = answer.data or None


_LISTS = [
    Flaw(
        "no list of tariffs",
        "lists_can_be_read",
        instead(f"{V}/SENDER/tariffs", lambda _: Answer(code=2000, status=404)),
    ),
    Flaw("null for nothing", "lists_are_arrays", spoil(LISTS, _null_for_nothing)),
    Flaw(
        "no date_to",
        "lists_take_all_parameters",
        picky(LISTS, lambda r: r.query.keys() >= {"date_to", "offset"}, "GET"),
    ),
    Flaw("date_from exclusive", "date_from_is_inclusive", mislead(LISTS, _later("date_from"))),
    Flaw(
        "date_from ignored",
        "date_from_is_inclusive",
        mislead(LISTS, lambda r: r.asking(date_from="2000-01-01T00:00:00Z")),
    ),
    Flaw("date_to inclusive", "date_to_is_exclusive", mislead(LISTS, _later("date_to"))),
    Flaw("offset from 1", "offset_counts_from_zero", mislead(LISTS, _from_one)),
    Flaw("limit ignored", "limit_is_kept", mislead(LISTS, lambda r: r.asking(limit=None))),
    Flaw("no next link", "next_links_lead_through", spoil(LISTS, header("Link", None))),
    Flaw(
        "a next link to another host",
        "next_links_lead_through",
        spoil(LISTS, _link(lambda t: t.replace("127.0.0.1", "localhost") or None)),
    ),
    Flaw(
        "a relative next link",
        "next_links_lead_through",
        spoil(LISTS, _link(lambda t: re.sub("http://[^/]+", "", t) or None)),
    ),
    Flaw(
        "a next link on the last page",
        "next_links_lead_through",
        spoil(LISTS, _link(lambda t: t or '<http://x>; rel="next"')),
    ),
    Flaw(
        "a next link without filters",
        "next_links_keep_filters",
        spoil(LISTS, _link(lambda t: re.sub("date_to=[^&>]*&?", "", t) or None)),
    ),
    Flaw("counts the page", "total_counts_all", spoil(LISTS, _counted("X-Total-Count"))),
    Flaw("no X-Total-Count", "total_counts_all", spoil(LISTS, header("X-Total-Count", None))),
    Flaw("X-Limit counts the page", "limit_is_told", spoil(LISTS, _counted("X-Limit"))),
    Flaw(
        "refuses a large limit", "limit_is_capped", picky(LISTS, lambda r: int(r.query.get("limit", 0)) > 1000, "GET")
    ),
    Flaw("another order each time", "order_is_stable", _flip),
    Flaw("any date_from", "wrong_parameters", mislead(LISTS, _valid_only)),
    Flaw("negative offsets", "wrong_parameters", mislead(LISTS, _positive)),
    Flaw("sessions since ever", "sessions_need_a_date", mislead(f"{V}/SENDER/sessions", _ever)),
]


# Objects in lists

_CONTENTS = [
    Flaw("a Location without address", "locations_are_valid", entries("locations", "address", MISSING)),
    Flaw(
        "a hidden Location for nobody",
        "publish_allowed_to_is_valid",
        entries("locations", "publish_allowed_to", [{"uid": "X"}]),
    ),
    Flaw("a time zone CEST", "time_zones_are_valid", entries("locations", "time_zone", "CEST")),
    Flaw("coordinates of two decimals", "coordinates_are_valid", entries("locations", "coordinates/latitude", "52.08")),
    Flaw("an EVSE without status", "evses_are_valid", entries("locations", "evses/0/status", MISSING)),
    Flaw(
        "a connector without format",
        "connectors_are_valid",
        entries("locations", "evses/0/connectors/0/format", MISSING),
    ),
    Flaw("never open", "opening_times_are_valid", entries("locations", "opening_times", {"twentyfourseven": False})),
    Flaw(
        "a mix of 101 %", "energy_mixes_are_valid", entries("locations", "energy_mix/energy_sources/0/percentage", 101)
    ),
    Flaw("an image without type", "images_are_valid", entries("locations", "images/0/type", MISSING)),
    Flaw("two EVSEs of the same uid", "evse_uids_are_unique", entries("locations", "evses/0/uid", "Evse1")),
    Flaw("a Location published and hidden", "publish_allowed_to_fits", entries("locations", "publish", value=True)),
    Flaw("a Session without currency", "sessions_are_valid", entries("sessions", "currency", MISSING)),
    Flaw("a Session RESERVED", "session_status_is_valid", entries("sessions", "status", "RESERVED")),
    Flaw("a Session without EVSE", "sessions_have_an_evse", entries("sessions", "evse_uid", "#NA")),
    Flaw("a CDR without total_cost", "cdrs_are_valid", entries("cdrs", "total_cost", MISSING)),
    Flaw("a CDR without its party", "cdr_tokens_are_valid", entries("cdrs", "cdr_token/party_id", MISSING)),
    Flaw("a CDR without evse_id", "cdr_locations_are_valid", entries("cdrs", "cdr_location/evse_id", MISSING)),
    Flaw("an empty charging period", "cdr_periods_are_valid", entries("cdrs", "charging_periods/0/dimensions", [])),
    Flaw(
        "momentary power in a CDR",
        "cdrs_have_no_session_dimensions",
        entries("cdrs", "charging_periods/0/dimensions/0/type", "POWER"),
    ),
    Flaw("a Tariff without elements", "tariffs_are_valid", entries("tariffs", "elements", [])),
    Flaw("a Token without issuer", "tokens_are_valid", entries("tokens", "issuer", MISSING)),
    Flaw("a ClientInfo without role", "client_info_is_valid", entries("hubclientinfo", "role", MISSING), hub=True),
    Flaw("a party AWAY", "connection_status_is_valid", entries("hubclientinfo", "status", "AWAY"), hub=True),
    Flaw("a contract with an accent", "cistrings_are_ascii", entries("tokens", "contract_id", "É")),
    Flaw("a bell in a city", "strings_are_printable", entries("locations", "city", "a\x07b")),
    Flaw("a whitelist of its own", "enum_values_are_known", entries("tokens", "whitelist", "SOMETIMES")),
    Flaw("a long city", "strings_are_short", entries("locations", "city", "x" * 46)),
    Flaw("local times", "datetimes_are_utc", entries("locations", "evses/0/last_updated", "2026-03-01T13:00:00+01:00")),
    Flaw("energy as a string", "numbers_are_numbers", entries("sessions", "kwh", "1.25")),
    Flaw("a URL without host", "urls_in_objects_are_absolute", entries("tariffs", "tariff_alt_url", "tariffs.html")),
    Flaw("null for a required field", "required_fields_are_there", entries("tokens", "valid", None)),
]


# Sender interfaces


def _whole_location(request: Request) -> Request:
    return replace(request, url="/".join(request.path.split("/")[:6]))


def _lower(answer: Callable[[], Answer]) -> Callable[[Reference, Request, Proceed], Answer]:
    def tamper(_: Reference, request: Request, proceed: Proceed) -> Answer:
        odd = re.search("/(chk-|lOC)", request.path)
        return answer() if odd and request.method == "GET" else proceed(request)

    return tamper


_SENDERS = [
    Flaw(
        "a Location in an array",
        "location_is_given",
        spoil(f"{V}/SENDER/locations/[^/]+", lambda a: setattr(a, "data", [a.data])),
    ),
    Flaw(
        "the Location for an EVSE", "location_parts_are_given", mislead(f"{V}/SENDER/locations/.+/.+", _whole_location)
    ),
    Flaw(
        "the case of ids counts for Locations", "location_id_in_any_case", _lower(lambda: Answer(code=2000, status=404))
    ),
    Flaw("POST of its Locations", "given_locations_are_read_only", serving(f"{V}/SENDER/locations", "POST")),
    Flaw("DELETE of its Locations", "given_locations_are_read_only", serving(f"{V}/SENDER/locations", "DELETE")),
    Flaw("PATCH of its Sessions", "given_sessions_are_read_only", serving(f"{V}/SENDER/sessions", "PATCH")),
    Flaw("PUT of its CDRs", "given_cdrs_are_read_only", serving(f"{V}/SENDER/cdrs", "PUT")),
    Flaw("POST of its Tariffs", "given_tariffs_are_read_only", serving(f"{V}/SENDER/tariffs", "POST")),
    Flaw("PUT of its Tokens", "given_tokens_are_read_only", serving(f"{V}/SENDER/tokens", "PUT")),
    Flaw(
        "POST of ClientInfo", "given_client_info_is_read_only", serving(f"{V}/SENDER/hubclientinfo", "POST"), hub=True
    ),
    Flaw(
        "preferences for nothing",
        "preferences_need_a_session",
        instead(f"{V}/SENDER/sessions/.+", lambda _: Answer("ACCEPTED"), "PUT"),
    ),
    Flaw(
        "judges without the Token",
        "known_token_is_judged",
        spoil(f"{V}/SENDER/tokens/.+", put("token", MISSING), "POST"),
    ),
    Flaw("unknown Token is 2001", "unknown_token_is_told", spoil(f"{V}/SENDER/tokens/.+", recode(2004, 2001), "POST")),
    Flaw(
        "unknown Token is HTTP 200", "unknown_token_is_told", spoil(f"{V}/SENDER/tokens/.+", restate(404, 200), "POST")
    ),
]


# What is pushed


def _merging(platform: Reference, request: Request, proceed: Proceed) -> Answer:
    known = platform.stored.get(platform.key(request), {}) if at(request, OBJECTS, "PUT") else {}
    return proceed(body(request, **{**known, **request.document}) if known else request)


def _forgetful(where: Where, *kept: str) -> Tamper:
    """A PATCH forgets all fields but those that are kept and its own."""

    def tamper(platform: Reference, request: Request, proceed: Proceed) -> Answer:
        answer = proceed(request)
        if at(request, where, "PATCH") and answer.code == 1000:
            known = platform.stored[platform.key(request)]
            for name in known.keys() - request.document.keys() - {"country_code", "party_id", "id", "uid", *kept}:
                del known[name]
        return answer

    return tamper


def _after(where: Where, methods: Methods, spoiled: Callable[[dict[str, Any], Request], None]) -> Tamper:
    """What is stored is spoiled after a request that succeeded."""

    def tamper(platform: Reference, request: Request, proceed: Proceed) -> Answer:
        before = deepcopy(platform.stored.get(platform.key(request))) if at(request, where, methods) else None
        answer = proceed(request)
        if at(request, where, methods) and answer.code == 1000:
            known = platform.stored.get(platform.key(request))
            if known is not None:
                known["__before__"] = before
                spoiled(known, request)
                known.pop("__before__", None)
        return answer

    return tamper


def _same_id(request: Request) -> Request:
    id_ = request.place[4]
    return body(request, **{name: id_ for name in ("id", "uid") if name in request.document})


def _echo(_: Reference, request: Request, proceed: Proceed) -> Answer:
    answer = proceed(request)
    if at(request, OBJECTS, "PUT"):
        answer.data = request.document
    return answer


def _without_fraction(request: Request) -> bool:
    return "." in str(request.document.get("last_updated"))


def _has_null(request: Request) -> bool:
    return None in request.document.values()


def _rounded(answer: Answer) -> None:
    if isinstance(answer.data, dict) and "kwh" in answer.data:
        answer.data["kwh"] = round(answer.data["kwh"], 2)


_PUSHES = [
    Flaw("stores nothing", "pushed_objects_are_stored", instead(OBJECTS, lambda _: Answer(status=201), "PUT")),
    Flaw("200 for what is new", "new_object_is_created", spoil(OBJECTS, restate(201, 200), "PUT")),
    Flaw("201 for what is known", "known_object_is_updated", spoil(OBJECTS, restate(200, 201), "PUT")),
    Flaw("PUT merges", "put_replaces", _merging),
    Flaw("PATCH forgets", "patch_changes_little", _forgetful(OBJECTS)),
    Flaw("PUT echoes", "put_has_no_data", _echo),
    Flaw("no charset", "charset_is_taken", picky(OBJECTS, lambda r: "charset" in r.headers.get("content-type", ""))),
    Flaw(
        "takes what is foreign",
        "foreign_party_is_refused",
        instead(f"{V}/RECEIVER/.+/ZZ/ZZZ/.+", lambda _: Answer(status=201), "PUT"),
    ),
    Flaw("the id in the URL wins", "ids_must_agree", mislead(OBJECTS, _same_id, "PUT")),
    Flaw("2001 for no JSON", "body_must_be_json", spoil(OBJECTS, restate(400, 200, 2001), "PUT")),
    Flaw("400 for a wrong field", "refusals_are_http_200", spoil(OBJECTS, recode(2001, 2001, 400), "PUT")),
    Flaw("the case of ids counts", "ids_in_any_case", _lower(lambda: Answer(code=2000, status=404))),
    Flaw("takes accents", "cistring_must_be_ascii", careless(OBJECTS)),
    Flaw("takes bells", "string_must_be_printable", careless(OBJECTS)),
    Flaw("takes enums in any case", "enum_must_match", careless(OBJECTS)),
    Flaw("takes long strings", "string_must_be_short", careless(OBJECTS)),
    Flaw("takes local times", "datetime_must_be_utc", careless(OBJECTS)),
    Flaw("takes numbers in strings", "number_must_be_a_number", careless(OBJECTS)),
    Flaw("rounds", "decimals_are_kept", spoil(OBJECTS, _rounded)),
    Flaw("takes any URL", "url_must_be_one", careless(OBJECTS)),
    Flaw("takes text without language", "display_text_has_a_language", careless(OBJECTS)),
    Flaw("takes half an object", "required_field_must_be_there", careless(OBJECTS)),
    Flaw("no null", "null_means_absent", picky(OBJECTS, _has_null)),
    Flaw(
        "needs the Z", "datetime_without_z", picky(OBJECTS, lambda r: not str(r.document["last_updated"]).endswith("Z"))
    ),
    Flaw("no fractions", "datetime_with_fraction", picky(OBJECTS, _without_fraction)),
]

LOCATIONS = f"{V}/RECEIVER/locations/.+"
INNER = f"{V}/RECEIVER/locations/[^/]+/[^/]+/[^/]+/.+"


def _stay(known: dict[str, Any], _: Request) -> None:
    """The Location's own last_updated does not move."""
    known["last_updated"] = known["__before__"]["last_updated"]


def _evses_stay(known: dict[str, Any], request: Request) -> None:
    if len(request.place) == 7:
        known["evses"][0]["last_updated"] = known["__before__"]["evses"][0]["last_updated"]


def _only_this_evse(known: dict[str, Any], request: Request) -> None:
    known["evses"] = [evse for evse in known["evses"] if evse["uid"] == request.place[5]]


def _drop_removed(known: dict[str, Any], _: Request) -> None:
    known["evses"] = [evse for evse in known["evses"] if evse["status"] != "REMOVED"]


def _dated(request: Request) -> Request:
    return request if "last_updated" in request.document else body(request, last_updated="2026-01-01T00:00:00Z")


_LOCATIONS = [
    Flaw("takes another party in a Location", "location_is_stored", careless(LOCATIONS)),
    Flaw(
        "the Location for a connector",
        "location_parts_are_read",
        mislead(INNER, lambda r: replace(r, url="/".join(r.path.split("/")[:8]))),
    ),
    Flaw("PUT of an EVSE leaves the Location's time", "evse_is_added", _after(INNER, "PUT", _stay)),
    Flaw("PUT of an EVSE drops the others", "evse_is_added", _after(INNER, "PUT", _only_this_evse)),
    Flaw("PUT of a connector leaves the EVSE's time", "connector_is_added", _after(INNER, "PUT", _evses_stay)),
    Flaw(
        "PATCH of a Location forgets",
        "location_patch_changes_little",
        _forgetful(f"{V}/RECEIVER/locations/[^/]+/[^/]+/[^/]+", "evses"),
    ),
    Flaw(
        "PATCH of a Location without last_updated",
        "location_patch_needs_last_updated",
        mislead(LOCATIONS, _dated, "PATCH"),
    ),
    Flaw("PATCH leaves the Location's time", "location_patch_moves_parents", _after(INNER, "PATCH", _stay)),
    Flaw("PATCH leaves the EVSE's time", "location_patch_moves_parents", _after(INNER, "PATCH", _evses_stay)),
    Flaw("DELETE of a Location", "locations_stay", serving(LOCATIONS, "DELETE")),
    Flaw("POST of a Location", "locations_stay", serving(LOCATIONS, "POST")),
    Flaw("drops removed EVSEs", "removed_evse_stays", _after(INNER, "PATCH", _drop_removed)),
    Flaw("only its own EVSE ids", "evse_of_another_operator", picky(LOCATIONS, lambda r: "DE*ZZZ" in r.body.decode())),
    Flaw("takes any time zone", "time_zone_must_exist", careless(LOCATIONS)),
    Flaw("takes any coordinates", "coordinates_must_be_exact", careless(LOCATIONS)),
]

SESSIONS = f"{V}/RECEIVER/sessions/.+"


def _keep_periods(known: dict[str, Any], _: Request) -> None:
    known["charging_periods"] = known.get("charging_periods") or known["__before__"]["charging_periods"]


def _replace_periods(known: dict[str, Any], request: Request) -> None:
    if "charging_periods" in request.document:
        known["charging_periods"] = request.document["charging_periods"]


def _inner_patch(request: Request) -> Answer | None:
    return Answer() if request.path.endswith("/charging_periods") else None


_SESSIONS = [
    Flaw("loses the meter", "session_is_read", spoil(SESSIONS, put("meter_id", MISSING))),
    Flaw("takes another party in a Session", "session_is_stored", careless(SESSIONS)),
    Flaw(
        "PUT keeps periods",
        "put_replaces_periods",
        _after(SESSIONS, "PUT", lambda k, r: _keep_periods(k, r) if k["__before__"] else None),
    ),
    Flaw("PATCH of a Session without last_updated", "session_patch_merges", mislead(SESSIONS, _dated, "PATCH")),
    Flaw("PATCH of a Session forgets", "session_patch_merges", _forgetful(SESSIONS)),
    Flaw("PATCH replaces periods", "patch_appends_periods", _after(SESSIONS, "PATCH", _replace_periods)),
    Flaw("PATCH empties periods", "patch_leaves_periods", _after(SESSIONS, "PATCH", _replace_periods)),
    Flaw("PATCH of periods", "no_inner_patch", serving(f"{SESSIONS}/charging_periods", "PATCH")),
    Flaw("DELETE of a Session", "sessions_stay", serving(SESSIONS, "DELETE")),
    Flaw("POST of a Session", "sessions_stay", serving(SESSIONS, "POST")),
]

TARIFFS = f"{V}/RECEIVER/tariffs/.+"

_TARIFFS = [
    Flaw("loses the link", "tariff_is_read", spoil(TARIFFS, put("tariff_alt_url", MISSING))),
    Flaw("takes another party in a Tariff", "tariff_is_stored", careless(TARIFFS)),
    Flaw("DELETE does nothing", "tariff_is_deleted", serving(TARIFFS, "DELETE")),
    Flaw("PATCH of a Tariff", "tariffs_are_put_only", serving(TARIFFS, "PATCH")),
    Flaw("POST of a Tariff", "tariffs_are_put_only", serving(TARIFFS, "POST")),
]


def _overwrite(platform: Reference, request: Request, proceed: Proceed) -> Answer:
    if at(request, CDRS, "POST") and "id" in request.document:
        platform.stored.pop(("cdrs", request.document["id"].upper()), None)
    return proceed(request)


_CDRS = [
    Flaw("200 for a new CDR", "cdr_is_created", spoil(CDRS, restate(201, 200), "POST")),
    Flaw("takes half a CDR", "cdr_is_created", careless(CDRS)),
    Flaw("no URL of the CDR", "cdr_has_a_url", spoil(CDRS, header("Location", None), "POST")),
    Flaw("a relative URL of the CDR", "cdr_has_a_url", spoil(CDRS, header("Location", "/cdrs/1"), "POST")),
    Flaw("another CDR", "cdr_is_read", spoil(f"{CDRS}/.+", put("total_energy", 0))),
    Flaw("DELETE of a CDR", "cdrs_are_final", serving(f"{CDRS}/.+", "DELETE")),
    Flaw("PUT of a CDR", "cdrs_are_final", serving(f"{CDRS}/.+", "PUT")),
    Flaw("the last CDR wins", "cdr_does_not_change", _overwrite),
    Flaw("credits nothing", "credit_needs_a_reference", careless(CDRS)),
    Flaw("takes a long id", "cdr_id_is_short", careless(CDRS)),
]

TOKENS = f"{V}/RECEIVER/tokens/.+"

_TOKENS = [
    Flaw("needs the type", "token_is_read", picky(TOKENS, lambda r: "type" not in r.query, "GET")),
    Flaw("takes another party in a Token", "token_is_stored", careless(TOKENS)),
    Flaw("PATCH of a Token without last_updated", "token_patch_merges", mislead(TOKENS, _dated, "PATCH")),
    Flaw("DELETE of a Token", "tokens_stay", serving(TOKENS, "DELETE")),
    Flaw("POST of a Token", "tokens_stay", serving(TOKENS, "POST")),
    Flaw(
        "once valid, always valid", "token_is_made_invalid", mislead(TOKENS, lambda r: body(r, valid=MISSING), "PATCH")
    ),
    Flaw(
        "type ignored",
        "token_type_counts",
        mislead(TOKENS, lambda r: body(r.asking(type=None), type="RFID") if r.body else r.asking(type=None), "GET PUT"),
    ),
]


# Commands, profiles, hub


def _command_flaw(name: str, check: str, command: str) -> Flaw:
    return Flaw(name, check, careless(COMMANDS + command, data={"result": "ACCEPTED", "timeout": 30}))


_COMMANDS = [
    Flaw("GET of a command", "commands_are_posted", serving(f"{COMMANDS}.+", "GET")),
    Flaw("no timeout", "command_is_answered", spoil(f"{COMMANDS}.+", put("timeout", MISSING), "POST")),
    Flaw(
        "accepts an unknown Location",
        "unknown_location_is_rejected",
        spoil(f"{COMMANDS}.+", lambda answer: answer.data.update(result="ACCEPTED"), "POST"),
    ),
    Flaw(
        "2000 for an unknown Location", "unknown_location_is_2003", spoil(f"{COMMANDS}.+", recode(2003, 2000), "POST")
    ),
    Flaw(
        "rejects an unknown Session",
        "unknown_session_is_told",
        spoil(f"{COMMANDS}.+", put("result", "REJECTED"), "POST"),
    ),
    _command_flaw("starts with anything", "start_session_is_complete", "START_SESSION"),
    _command_flaw("starts at a connector somewhere", "connector_needs_evse", "START_SESSION"),
    _command_flaw("reserves anything", "reserve_now_is_complete", "RESERVE_NOW"),
    _command_flaw("cancels anything", "cancel_reservation_is_complete", "CANCEL_RESERVATION"),
    _command_flaw("stops anything", "stop_session_is_complete", "STOP_SESSION"),
    _command_flaw("unlocks anything", "unlock_connector_is_complete", "UNLOCK_CONNECTOR"),
]

_PROFILES = [
    Flaw("GET of any profile", "get_profile_is_complete", careless(PROFILES)),
    Flaw("PUT of any profile", "set_profile_is_complete", careless(PROFILES)),
    Flaw("DELETE of any profile", "clear_profile_is_complete", careless(PROFILES)),
    Flaw("POST of a profile", "profiles_are_put", serving(PROFILES, "POST")),
    Flaw("no timeout for a profile", "profile_is_answered", spoil(PROFILES, put("timeout", MISSING))),
    Flaw("accepts an unknown Session", "profile_needs_a_session", spoil(PROFILES, put("result", "ACCEPTED"), "DELETE")),
    Flaw("GET of active profiles", "only_results_and_updates", serving(f"{V}/SENDER/chargingprofiles/.+", "GET")),
    Flaw(
        "no active profiles",
        "active_profile_is_taken",
        instead(f"{V}/SENDER/chargingprofiles/.+", lambda _: Answer(code=2000, status=404), "PUT"),
    ),
]

_HUB = [
    Flaw("another status", "client_info_is_read", spoil(CLIENT_INFO, put("status", "PLANNED"))),
    Flaw("the first ClientInfo stays", "client_info_is_put", spoil(CLIENT_INFO, put("status", "CONNECTED"))),
    Flaw("DELETE of a ClientInfo", "client_info_is_put", serving(CLIENT_INFO, "DELETE")),
]


# All answers


def _web_page(answer: Answer) -> None:
    if answer.status >= 400:
        answer.raw, answer.content_type = b"<html>error</html>", "text/html"


def _unswapped(_: Reference, request: Request, proceed: Proceed) -> Answer:
    answer = proceed(request)
    if answer.headers.keys() & {*FROM, *TO}:
        answer.headers |= {n: request.headers[n.lower()] for n in (*FROM, *TO) if n.lower() in request.headers}
    return answer


_ANSWERS = [
    Flaw("no timestamp", "answers_have_an_envelope", spoil(ANYWHERE, lambda a: setattr(a, "timestamp", None))),
    Flaw(
        "a local timestamp",
        "answers_have_an_envelope",
        spoil(ANYWHERE, lambda a: setattr(a, "timestamp", time.ctime())),
    ),
    Flaw(
        "another Content-Type",
        "answers_have_an_envelope",
        spoil(ANYWHERE, lambda a: setattr(a, "content_type", "text/plain")),
    ),
    Flaw("web pages for errors", "errors_have_an_envelope", spoil(ANYWHERE, _web_page)),
    Flaw("success codes for errors", "errors_have_an_envelope", spoil(ANYWHERE, restate(401, 401, 1000))),
    Flaw("a request id of its own", "request_id_is_repeated", spoil(ANYWHERE, header("X-Request-ID", "mine"))),
    Flaw(
        "a correlation id of its own", "correlation_id_is_repeated", spoil(ANYWHERE, header("X-Correlation-ID", "mine"))
    ),
    Flaw("HTTP 500", "no_server_errors", spoil(ANYWHERE, restate(401, 500, 3000))),
    Flaw("a code of its own", "no_reserved_codes", spoil(ANYWHERE, restate(401, 401, 2900))),
    Flaw("routing headers on versions", "configuration_is_not_routed", spoil(VERSIONS, header(FROM[0], "NL"))),
    Flaw("routing headers as they came", "routing_is_swapped", _unswapped),
    Flaw("no routing headers", "routing_is_swapped", spoil(ANYWHERE, lambda a: a.headers.clear())),
    Flaw("404 for methods", "methods_are_405", spoil(ANYWHERE, restate(405, 404), "POST PUT")),
]

FLAWS = (
    *_VERSIONS,
    *_CREDENTIALS,
    *_AUTHORIZATION,
    *_REGISTRATION,
    *_LISTS,
    *_CONTENTS,
    *_SENDERS,
    *_PUSHES,
    *_LOCATIONS,
    *_SESSIONS,
    *_TARIFFS,
    *_CDRS,
    *_TOKENS,
    *_COMMANDS,
    *_PROFILES,
    *_HUB,
    *_ANSWERS,
)
