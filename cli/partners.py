"""ocpi partner …: connect with partners and end connections."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

import typer

from cli.deployment import Deployment
from cli.failure import Failure
from cli.output import AsJson, answer, answer_table, progress_bars
from cli.pull import pull
from cli.resend import resend
from cli.standing import Standing, breaker_cell, breaker_text, breaker_told
from ocpi import clock
from ocpi.parties.claims import pins
from ocpi.parties.handshake import UNUSABLE
from ocpi.push.breaker import Breaker, BreakerState
from ocpi.store.partner import Partner, PartnerStatus, Quirk, partner_id
from ocpi.transport.status import OcpiError
from ocpi.types.business import BusinessDetails
from ocpi.types.credentials import CredentialsRole
from ocpi.types.primitives import Role, format_datetime

app = typer.Typer(no_args_is_help=True, help="Invite partners, register with them, and end connections.")

Name = Annotated[str, typer.Argument(help="The partner's name or id.")]
Quirks = Annotated[list[Quirk], typer.Option("--quirk", help="Where it differs from OCPI, see `set`; may be repeated.")]

Pinned = Annotated[
    list[str],
    typer.Option(
        "--role",
        help="A role that it may have, such as EMSP:NL/TNM, and no other but those given here; may be repeated.",
    ),
]
Switches = Annotated[list[str], typer.Argument(metavar="[QUIRK on|off …]", help="What to switch on or off.")]

RENEW_AFTER = timedelta(days=30)
"""Credentials are to be renewed once a month (CRE-30)."""

ANY_ROLE = "any"

_SWITCHES = {"on": True, "off": False}


@app.command()
def invite(
    context: typer.Context,
    name: Annotated[str, typer.Option(help="What you call the partner; its id is made from it.")],
    quirk: Quirks = [],  # noqa: B006 - typer reads it and never changes it
    role: Pinned = [],  # noqa: B006 - as above
    as_json: AsJson = False,
) -> None:
    """Make the token (CREDENTIALS_TOKEN_A) with which a partner registers with us.

    The token is shown this once. Until the partner has registered, inviting again makes a new one and the old one dies.
    """
    deployment: Deployment = context.obj
    token = deployment.handshake.invite(name, quirk, [_role(text) for text in role])
    told = {"token": token, "versions_url": deployment.own.versions_url, "partner_id": partner_id(name)}
    text = (
        f"Give these to {name}, by a safe way; the token is shown this once:\n"
        f"  versions URL  {told['versions_url']}\n"
        f"  token         {token}\n"
        f"They register as partner {told['partner_id']!r}."
    )
    answer(told, as_json=as_json, text=text)


@app.command()
def register(
    context: typer.Context,
    versions_url: Annotated[str, typer.Argument(help="The partner's versions URL.")],
    name: Annotated[str, typer.Option(help="What you call the partner.")],
    token: Annotated[
        str, typer.Option(prompt=True, hide_input=True, envvar="OCPI_TOKEN_A", help="The token they gave you.")
    ],
    quirk: Quirks = [],  # noqa: B006 - typer reads it and never changes it
    role: Pinned = [],  # noqa: B006 - as above
    as_json: AsJson = False,
) -> None:
    """Register with a partner that has given us a token and its versions URL."""
    deployment: Deployment = context.obj
    roles = [_role(text) for text in role]
    with _telling_of(name):
        partner = deployment.handshake.register(name, versions_url, token, quirk, roles)
    answer(_row(partner), as_json=as_json, text=f"Registered with {partner.name} as partner {partner.id!r}.")


@app.command()
def add(
    context: typer.Context,
    name: Annotated[str, typer.Option(help="What you call the partner.")],
    role: Annotated[list[str], typer.Option(help="A role of it with its party, such as EMSP:NL/TNM; may be repeated.")],
    as_json: AsJson = False,
) -> None:
    """Add a partner without a handshake, for trying things out: it can call us, and we cannot call it.

    The token is shown this once.
    """
    deployment: Deployment = context.obj
    token = deployment.handshake.add(name, [_role(text) for text in role])
    told = {"token": token, "versions_url": deployment.own.versions_url, "partner_id": partner_id(name)}
    text = f"Partner {told['partner_id']!r} may call {told['versions_url']} with the token\n  {token}"
    answer(told, as_json=as_json, text=text)


@app.command("list")
def list_(context: typer.Context, as_json: AsJson = False) -> None:
    """All partners and how far each connection is."""
    deployment: Deployment = context.obj
    known, breakers = list(deployment.partners.all()), deployment.breakers.all()
    rows = [_row(partner) | {"breaker": breaker_cell(breakers.get(partner.id))} for partner in known]
    columns = ("id", "name", "status", "parties", "token_days", "last_updated")
    answer_table(rows, (*columns, "breaker") if any(row["breaker"] for row in rows) else columns, as_json=as_json)
    old = [partner.id for partner in known if partner.status is PartnerStatus.REGISTERED and _is_old(partner)]
    if old and not as_json:
        names = ", ".join(old)
        print(f"Credentials older than {RENEW_AFTER.days} days; renew them with 'ocpi partner rotate': {names}")


@app.command()
def show(context: typer.Context, partner: Name, as_json: AsJson = False) -> None:
    """One partner: its parties and endpoints, its breaker, what is due to it, and how it goes by module.

    A breaker that is open keeps a partner that fails from being sent anything; `ocpi partner breaker` forces it. What
    the partner did not take is shown by `ocpi dlq show objects`. Tokens are never shown.
    """
    known = _find(context.obj, partner)
    standing = Standing.of(context.obj, known.id)
    if as_json:
        row = _row(known) | {"endpoints": known.endpoints, "roles": known.roles} | standing.told
        answer(row, as_json=True, text="")
        return
    for name, value in _row(known).items():
        print(f"{name}: {', '.join(value) if isinstance(value, list) else value}")
    for end in known.endpoints:
        print(f"endpoint {end.identifier} {end.role}: {end.url}")
    standing.show()


def _set_help() -> str:
    meanings = (f"{quirk}: {quirk.meaning}." for quirk in Quirk)
    return "\n\n".join(
        (
            "Say which roles a partner may have, such as `ocpi partner set NAME --role EMSP:NL/TNM`.",
            "Say where it differs from OCPI, such as `ocpi partner set NAME no-patch on`. There is:",
            *meanings,
        )
    )


@app.command("set", help=_set_help())
def set_(
    context: typer.Context,
    partner: Name,
    switches: Switches = [],  # noqa: B006 - typer reads it and never changes it
    role: Pinned = [],  # noqa: B006 - as above
    as_json: AsJson = False,
) -> None:
    """Switch quirks of a partner on or off, and say which roles it may have."""
    deployment: Deployment = context.obj
    wanted = _switched(switches) if switches or not role else {}
    allowed = _pinned(role)
    known = _find(deployment, partner)
    on = {quirk for quirk, is_on in wanted.items() if is_on}
    changes = {"quirks": known.quirks.difference(wanted) | on, "pinned": known.pinned if allowed is None else allowed}
    known = deployment.partners.replace(known, changes)
    text = f"Partner {known.id!r} has {', '.join(sorted(known.quirks)) or 'no quirks'}."
    if allowed is not None:
        text = f"Partner {known.id!r} may have {', '.join(sorted(allowed)) or 'any role that is free'}."
    answer(_row(known), as_json=as_json, text=text)


@app.command()
def refresh(context: typer.Context, partner: Name, as_json: AsJson = False) -> None:
    """Fetch anew which parties a partner has and which endpoints it offers; no token is replaced."""
    deployment: Deployment = context.obj
    known = _find(deployment, partner)
    with _telling_of(known.name):
        known = deployment.handshake.refresh(known)
    text = f"Partner {known.id!r} has {len(known.roles)} roles and {len(known.endpoints)} endpoints."
    answer(_row(known), as_json=as_json, text=text)


@app.command()
def rotate(context: typer.Context, partner: Name, as_json: AsJson = False) -> None:
    """Renew the credentials with a partner: both tokens are replaced. Once a month, and at once when one has leaked."""
    deployment: Deployment = context.obj
    known = _find(deployment, partner)
    with _telling_of(known.name):
        known = deployment.handshake.renew(known)
    answer(_row(known), as_json=as_json, text=f"Partner {known.id!r} and this platform have new tokens.")


class Switch(StrEnum):
    """What to do with a breaker."""

    OPEN = "open"
    CLOSE = "close"


@app.command()
def breaker(
    context: typer.Context,
    partner: Name,
    switch: Annotated[Switch, typer.Argument(help="Open it, or close it.")],
    reason: Annotated[str | None, typer.Option(help="Why it is opened, for those who look at it later.")] = None,
    as_json: AsJson = False,
) -> None:
    """Force the breaker of a partner.

    While it is open, nothing is sent to the partner, and nobody but you closes it; what changes meanwhile is sent then.
    To close it is to try the partner now: if it takes one object, it is sent the others, too.
    """
    deployment: Deployment = context.obj
    known = _find(deployment, partner)
    now = clock.now()
    if switch is Switch.CLOSE and reason is not None:
        raise typer.BadParameter("--reason tells why a breaker is opened")
    if switch is Switch.OPEN:
        if not reason:
            raise Failure("say why with --reason: whoever looks at it later will want to know")
        changed = deployment.breakers.change(known.id, lambda breaker: breaker.forced_open(reason, now))
    else:
        changed = deployment.breakers.change(known.id, lambda breaker: _closed(breaker, now))
        deployment.wake(known.id)
    row: dict[str, object] = {"id": known.id, "breaker": breaker_told(changed)}
    answer(row, as_json=as_json, text=f"Partner {known.id!r} has the breaker {breaker_text(changed, known.id)}.")


def _closed(breaker: Breaker, now: datetime) -> Breaker:
    is_closed = breaker.state is BreakerState.CLOSED and breaker.rested(now)
    if is_closed:
        return breaker
    half_opened = breaker.half_opened(now)
    return half_opened.model_copy(update={"reason": None, "failures": 0}) if breaker.forced else half_opened


@app.command()
def suspend(context: typer.Context, partner: Name, as_json: AsJson = False) -> None:
    """Stop a connection for now: the partner gets 401, and nothing is sent to it. See `resume`."""
    _switch(context.obj, partner, PartnerStatus.REGISTERED, PartnerStatus.SUSPENDED, as_json=as_json)


@app.command()
def resume(context: typer.Context, partner: Name, as_json: AsJson = False) -> None:
    """Take a suspended connection up again, with the same tokens. What has changed meanwhile is sent now."""
    deployment: Deployment = context.obj
    _switch(deployment, partner, PartnerStatus.SUSPENDED, PartnerStatus.REGISTERED, as_json=as_json)
    deployment.wake(_find(deployment, partner).id)


@app.command()
def remove(context: typer.Context, partner: Name, as_json: AsJson = False) -> None:
    """End a connection: the partner is told, all tokens die, and the partner is forgotten."""
    deployment: Deployment = context.obj
    known = _find(deployment, partner)
    told = "and told" if known.sealed_token else "which had not registered"
    try:
        known = deployment.handshake.unregister(known)
    except OcpiError as error:
        told = f"but could not be told ({_of_them(known.name, error)})"
        known = _find(deployment, partner)
    # In this order: a partner that is no longer registered gets nothing new to hear, and it can be removed once more.
    with progress_bars() as progress:
        bar = progress.add_task("forgetting", total=None)
        for count in _forgotten(deployment, known.id):
            progress.advance(bar, count)
    deployment.partners.remove(known)
    answer(_row(known), as_json=as_json, text=f"Partner {known.id!r} is removed, {told}.")


def _forgotten(deployment: Deployment, id_: str) -> Iterator[int]:
    """Forget what was to be sent to a partner, was sent and was got, and tell how much that is."""
    yield from deployment.due.clear(id_)
    yield from deployment.deliveries.clear(id_)
    yield from deployment.healths.clear(id_)
    yield from deployment.pulls.clear(id_)
    deployment.breakers.forget(id_)


def _switched(words: list[str]) -> dict[Quirk, bool]:
    if not words or len(words) % 2:
        raise Failure("give each quirk with on or off, such as: no-patch on")
    pairs = list(zip(words[::2], words[1::2], strict=True))
    for name, switch in pairs:
        if name not in Quirk:
            raise Failure(f"{name!r} is no quirk; there are {', '.join(Quirk)}")
        if switch not in _SWITCHES:
            raise Failure(f"{name} is switched on or off, not {switch!r}")
    return {Quirk(name): _SWITCHES[switch] for name, switch in pairs}


app.command()(pull)
app.command()(resend)


@contextmanager
def _telling_of(name: str) -> Iterator[None]:
    """Tell the operator what would be told to the partner."""
    try:
        yield
    except OcpiError as error:
        raise Failure(_of_them(name, error)) from None


def _of_them(name: str, error: OcpiError) -> str:
    return error.message.replace(UNUSABLE, f"the API of {name} could not be used", 1)


def _switch(
    deployment: Deployment, name: str, expected: PartnerStatus, status: PartnerStatus, *, as_json: bool
) -> None:
    known = _find(deployment, name)
    if known.status not in (expected, status):
        raise Failure(f"partner {known.id!r} is {known.status}, not {expected}")
    if known.status is expected:
        known = deployment.partners.replace(known, {"status": status})
    answer(_row(known), as_json=as_json, text=f"Partner {known.id!r} is {known.status}.")


def _pinned(texts: list[str]) -> frozenset[str] | None:
    """The only roles that a partner may have, none if it is any; None if that stays as it is."""
    if not texts:
        return None
    return frozenset() if texts == [ANY_ROLE] else pins(_role(text) for text in texts)


def _role(text: str) -> CredentialsRole:
    match = re.fullmatch(r"(\w+):(\w{2})[/*-](\w{3})", text)
    if not match or match[1].upper() not in Role:
        raise Failure(f"{text!r} is no role with its party; write it like EMSP:NL/TNM")
    business = BusinessDetails(name=f"{match[2]}/{match[3]}".upper())
    role, country_code, party_id = (part.upper() for part in match.groups())
    return CredentialsRole(role=Role(role), country_code=country_code, party_id=party_id, business_details=business)


def _find(deployment: Deployment, name: str) -> Partner:
    return deployment.partner(name)


def _token_age(partner: Partner) -> timedelta | None:
    return clock.now() - partner.token_issued if partner.token_issued else None


def _is_old(partner: Partner) -> bool:
    age = _token_age(partner)
    return age is not None and age >= RENEW_AFTER


def _row(partner: Partner) -> dict[str, object]:
    age = _token_age(partner)
    return {
        "id": partner.id,
        "name": partner.name,
        "status": partner.status,
        "parties": " ".join(f"{r.role} {r.country_code}/{r.party_id}" for r in partner.roles),
        "versions_url": partner.versions_url,
        "version": partner.version,
        "quirks": sorted(partner.quirks),
        "pinned": sorted(partner.pinned),
        "token_days": None if age is None else age.days,
        "created": format_datetime(partner.created),
        "last_updated": format_datetime(partner.last_updated),
    }
