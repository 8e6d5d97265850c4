"""ocpi partner …: connect with partners and end connections."""

import re
from typing import Annotated

import typer

from cli.deployment import Deployment
from cli.failure import Failure
from cli.output import AsJson, answer, answer_table
from ocpi.store.partner import Partner, PartnerStatus, partner_id
from ocpi.transport.status import OcpiError
from ocpi.types.credentials import CredentialsRole
from ocpi.types.locations import BusinessDetails
from ocpi.types.primitives import Role, format_datetime

app = typer.Typer(no_args_is_help=True, help="Invite partners, register with them, and end connections.")

Name = Annotated[str, typer.Argument(help="The partner's name or id.")]


@app.command()
def invite(
    context: typer.Context,
    name: Annotated[str, typer.Option(help="What you call the partner; its id is made from it.")],
    as_json: AsJson = False,
) -> None:
    """Make the token (CREDENTIALS_TOKEN_A) with which a partner registers with us.

    The token is shown this once. Inviting again makes a new one and the old one dies.
    """
    deployment: Deployment = context.obj
    token = deployment.handshake.invite(name)
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
    as_json: AsJson = False,
) -> None:
    """Register with a partner that has given us a token and its versions URL."""
    deployment: Deployment = context.obj
    partner = deployment.handshake.register(name, versions_url, token)
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
    rows = [_row(partner) for partner in deployment.partners.all()]
    answer_table(rows, ("id", "name", "status", "parties", "last_updated"), as_json=as_json)


@app.command()
def show(context: typer.Context, partner: Name, as_json: AsJson = False) -> None:
    """One partner: its parties and endpoints. Tokens are never shown."""
    known = _find(context.obj, partner)
    row = _row(known) | {"endpoints": known.endpoints, "roles": known.roles}
    if as_json:
        answer(row, as_json=True, text="")
        return
    lines = [f"{name}: {value}" for name, value in _row(known).items()]
    lines += [f"endpoint {end.identifier} {end.role}: {end.url}" for end in known.endpoints]
    answer(row, as_json=False, text="\n".join(lines))


@app.command()
def suspend(context: typer.Context, partner: Name, as_json: AsJson = False) -> None:
    """Stop a connection for now: the partner gets 401, and nothing is sent to it. See `resume`."""
    _switch(context.obj, partner, PartnerStatus.REGISTERED, PartnerStatus.SUSPENDED, as_json=as_json)


@app.command()
def resume(context: typer.Context, partner: Name, as_json: AsJson = False) -> None:
    """Take a suspended connection up again, with the same tokens."""
    _switch(context.obj, partner, PartnerStatus.SUSPENDED, PartnerStatus.REGISTERED, as_json=as_json)


@app.command()
def remove(context: typer.Context, partner: Name, as_json: AsJson = False) -> None:
    """End a connection: the partner is told, all tokens die, and the partner is forgotten."""
    deployment: Deployment = context.obj
    known = _find(deployment, partner)
    told = "and told" if known.sealed_token else "which had not registered"
    try:
        known = deployment.handshake.unregister(known)
    except OcpiError as error:
        told = f"but could not be told ({error.message})"
        known = _find(deployment, partner)
    deployment.partners.remove(known)
    answer(_row(known), as_json=as_json, text=f"Partner {known.id!r} is removed, {told}.")


def _switch(
    deployment: Deployment, name: str, expected: PartnerStatus, status: PartnerStatus, *, as_json: bool
) -> None:
    known = _find(deployment, name)
    if known.status not in (expected, status):
        raise Failure(f"partner {known.id!r} is {known.status}, not {expected}")
    if known.status is expected:
        known = deployment.partners.replace(known, {"status": status})
    answer(_row(known), as_json=as_json, text=f"Partner {known.id!r} is {known.status}.")


def _role(text: str) -> CredentialsRole:
    match = re.fullmatch(r"(\w+):(\w{2})[/*-](\w{3})", text)
    if not match or match[1].upper() not in Role:
        raise Failure(f"{text!r} is no role with its party; write it like EMSP:NL/TNM")
    business = BusinessDetails(name=f"{match[2]}/{match[3]}".upper())
    role, country_code, party_id = (part.upper() for part in match.groups())
    return CredentialsRole(role=Role(role), country_code=country_code, party_id=party_id, business_details=business)


def _find(deployment: Deployment, name: str) -> Partner:
    partner = deployment.partners.get(partner_id(name))
    if partner is None:
        raise Failure(f"there is no partner {name!r}; 'ocpi partner list' shows all")
    return partner


def _row(partner: Partner) -> dict[str, object]:
    return {
        "id": partner.id,
        "name": partner.name,
        "status": partner.status,
        "parties": " ".join(f"{r.role} {r.country_code}/{r.party_id}" for r in partner.roles),
        "versions_url": partner.versions_url,
        "version": partner.version,
        "created": format_datetime(partner.created),
        "last_updated": format_datetime(partner.last_updated),
    }
