"""ocpi site …: describe sites, look at them, and change their limits."""

import json
from pathlib import Path
from typing import Annotated

import typer

from cli.deployment import Deployment
from cli.failure import Failure
from cli.output import AsJson, answer, answer_table
from ocpi import clock, wire
from ocpi.store.keys import ObjectId
from ocpi.store.sites import SiteConfig
from ocpi.store.table import Conflict
from ocpi.types.versions import ModuleID
from optimizer.phases import Phase
from optimizer.site import Site, parse_site, parse_time

app = typer.Typer(no_args_is_help=True, help="Describe sites, look at them, and change their limits.")

SiteId = Annotated[str, typer.Argument(help="The site's id.")]


@app.command()
def put(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The site as JSON (docs/energy-managers.md); - for standard input.")],
    as_json: AsJson = False,
) -> None:
    """Create a site, or replace it. A file with an error changes nothing."""
    deployment: Deployment = context.obj
    site = parse_site(_read(file))
    if deployment.partners.get(site.partner_id) is None:
        raise Failure(f"partner_id: there is no partner {site.partner_id!r}; 'ocpi partner list' shows all")
    known = deployment.sites.config(site.id)
    _store(deployment, site, known)
    what = "replaced" if known else "created"
    answer(_row(site), as_json=as_json, text=f"Site {site.id!r} is {what}.")


@app.command("list")
def list_(context: typer.Context, as_json: AsJson = False) -> None:
    """All sites and their limits now."""
    deployment: Deployment = context.obj
    rows = [_row(_load(deployment, id_)[0]) for id_ in deployment.sites.ids()]
    answer_table(rows, ("id", "name", "partner_id", "location", "limit_a"), as_json=as_json)


@app.command()
def show(context: typer.Context, site: SiteId, as_json: AsJson = False) -> None:
    """One site: what it is, what goes on there now, and what the plan wants."""
    deployment: Deployment = context.obj
    known, _ = _load(deployment, site)
    place = deployment.sites.place(_location(known))
    sessions = [
        {
            "session_id": document["id"],
            "evse_uid": document["evse_uid"],
            "kwh": document["kwh"],
            "since": document["start_date_time"],
            "profile": state.accepted if (state := place.profiles.get(id_)) else None,
            "refusal": state.refusal if state else None,
        }
        for id_, document in place.sessions.items()
    ]
    if as_json:
        whole = {"site": known, "sessions": sessions, "plan": deployment.sites.plan(site)}
        answer(whole, as_json=True, text="")
        return
    typer.echo(json.dumps(known.model_dump(mode="json", exclude_none=True), indent=2))
    answer_table(sessions, ("session_id", "evse_uid", "kwh", "since", "refusal"), as_json=False)


@app.command()
def limit(
    context: typer.Context,
    site: SiteId,
    kw: Annotated[float | None, typer.Option(help="The limit in kW, all phases together.")] = None,
    ampere: Annotated[
        str | None, typer.Option("--a", help="The limit in A: one number for each phase, or L1=80,L2=80,L3=63.")
    ] = None,
    start: Annotated[str | None, typer.Option("--from", help="From when (UTC); ever since if left out.")] = None,
    end: Annotated[str | None, typer.Option("--until", help="Until when (UTC); for ever if left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """Change the limit of a site, for ever or for a stretch of time; the site is planned anew at once."""
    deployment: Deployment = context.obj
    known, config = _load(deployment, site)
    if (kw is None) == (ampere is None):
        raise Failure("give the limit either with --kw or with --a")
    new_limit = kw if kw is not None else _amperes(ampere or "", known)
    changed = known.with_limit(parse_time(start) if start else None, parse_time(end) if end else None, new_limit)
    _store(deployment, changed, config)
    answer(_row(changed), as_json=as_json, text=f"The limit of site {site!r} is changed.")


def _read(file: Path) -> str:
    if str(file) == "-":
        return typer.get_text_stream("stdin").read()
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(f"{file}: {error}") from None


def _amperes(text: str, site: Site) -> dict[Phase, float]:
    """The limit of each phase out of ``80`` or ``L1=80,L2=80,L3=63``."""
    given = dict(part.strip().partition("=")[::2] for part in text.split(","))
    if len(given) == 1 and "=" not in text:
        given = dict.fromkeys(site.phases, text)
    unknown = [name for name in given if name not in site.phases]
    if unknown:
        raise Failure(f"--a: unknown phase {unknown[0]!r}; the site has {', '.join(site.phases)}")
    try:
        return {phase: float(given[phase]) for phase in site.phases}
    except KeyError as error:
        raise Failure(f"--a: the limit of {error.args[0]} is missing") from None
    except ValueError:
        raise Failure(f"--a: {text!r} is neither a number nor L1=80,L2=80,L3=63") from None


def _load(deployment: Deployment, site_id: str) -> tuple[Site, SiteConfig]:
    config = deployment.sites.config(site_id)
    if config is None:
        raise Failure(f"there is no site {site_id!r}; 'ocpi site list' shows all")
    return parse_site(config.document), config


def _store(deployment: Deployment, site: Site, known: SiteConfig | None) -> None:
    before = _location(parse_site(known.document)) if known else None
    location = _location(site)
    left = before if before and before.text != location.text else None
    try:
        deployment.sites.put_config(site.id, wire.dumps(site).decode(), location, known, left)
    except Conflict:
        owner = deployment.sites.site_of(location.text)
        if owner not in (None, site.id):
            raise Failure(f"location: site {owner!r} stands for it already") from None
        raise Failure(f"site {site.id!r} was changed by someone else just now; look at it and try again") from None


def _location(site: Site) -> ObjectId:
    place = site.location
    return ObjectId(site.partner_id, ModuleID.LOCATIONS, place.country_code, place.party_id, place.location_id)


def _row(site: Site) -> dict[str, object]:
    now = clock.now()
    return {
        "id": site.id,
        "name": site.name,
        "partner_id": site.partner_id,
        "location": f"{site.location.country_code}/{site.location.party_id}/{site.location.location_id}",
        "limit_a": {phase: round(limit, 1) for phase, limit in site.limit(now, now).items()},
    }
