"""ocpi site put, get and list."""

from pathlib import Path
from typing import Annotated

import typer

from cli.deployment import Deployment
from cli.failure import Failure
from cli.files import read_bytes
from cli.output import AsJson, answer, answer_table
from cli.site.editing import edited, known
from cli.site.options import Reason, SiteId, Yes, brief_by_phase
from ocpi import clock, wire
from ocpi.sites.site import Site, parse_site


def put(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The site as JSON (docs/energy-managers.md); - for standard input.")],
    revision: Annotated[
        str | None,
        typer.Option(help="Only if the site still has this revision; 'ocpi site show SITE --json' tells it."),
    ] = None,
    reason: Reason = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Create a site, or replace it. A file with an error changes nothing."""
    deployment: Deployment = context.obj
    document = read_bytes(file)
    site = parse_site(document)
    if deployment.partners.get(site.partner_id) is None:
        raise Failure(f"partner_id: there is no partner {site.partner_id!r}; 'ocpi partner list' shows all")
    desk = deployment.desk
    new = deployment.sites.config(site.id) is None
    written = edited(
        deployment,
        lambda by: desk.create(document, by) if new else desk.replace(site.id, document, by),
        yes=yes,
        reason=reason,
        revision=revision,
    )
    warnings = written.site.warnings(clock.now())
    what = "created" if new else "replaced"
    text = "\n".join([f"Site {site.id!r} is {what}.", *(f"Warning: {warning}" for warning in warnings)])
    answer(row(written.site) | {"revision": written.revision, "warnings": warnings}, as_json=as_json, text=text)


def get(context: typer.Context, site: SiteId) -> None:
    """Print a site's JSON, as 'ocpi site put' takes it."""
    print(wire.dumps(known(context.obj, site).site).decode())


def list_(context: typer.Context, as_json: AsJson = False) -> None:
    """All sites and their limits now."""
    deployment: Deployment = context.obj
    rows = [row(known(deployment, id_).site) for id_ in deployment.sites.ids()]
    shown = rows if as_json else [each | {"limit A": brief_by_phase(each["limit_a"])} for each in rows]  # type: ignore[arg-type]  # row() made it
    answer_table(shown, ("id", "name", "limit A", "location", "partner_id"), as_json=as_json)


def row(site: Site) -> dict[str, object]:
    """A site in a line."""
    now = clock.now()
    return {
        "id": site.id,
        "name": site.name,
        "partner_id": site.partner_id,
        "location": f"{site.location.country_code}/{site.location.party_id}/{site.location.location_id}",
        "limit_a": {phase: round(limit, 1) for phase, limit in site.limit(now, now).items()},
    }
