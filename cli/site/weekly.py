"""ocpi site weekly …: the weekly calendar of a limit."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from pydantic import BaseModel

from cli.deployment import Deployment
from cli.failure import Failure
from cli.files import read_bytes
from cli.output import AsJson, answer, answer_table
from cli.site.editing import edited, known, whose
from cli.site.options import Ampere, Kw, Node, Reason, SiteId, Yes, checked, given_limit, limit_text
from ocpi import clock
from ocpi.energy.edit import Known
from ocpi.sites.limits import WeeklyLimit
from ocpi.sites.reading import read
from ocpi.sites.site import GRID, SiteError

app = typer.Typer(no_args_is_help=True, help="Limits that hold at some hours of some weekdays, at the site.")


@app.command("list")
def list_(context: typer.Context, site: SiteId, node: Node = GRID, as_json: AsJson = False) -> None:
    """The weekly calendar of a limit; each entry has the number by which it is removed."""
    _show(known(context.obj, site), node, as_json=as_json)


@app.command()
def add(  # noqa: PLR0913, PLR0917 - the options of the command
    context: typer.Context,
    site: SiteId,
    start: Annotated[str, typer.Option("--from", help="The time of day, such as 17:00.")],
    end: Annotated[str, typer.Option("--until", help="The time of day, such as 21:00; 24:00 is midnight.")],
    days: Annotated[str, typer.Option(help="Such as MONDAY,FRIDAY; every day if left out.")] = "",
    kw: Kw = None,
    ampere: Ampere = None,
    node: Node = GRID,
    reason: Reason = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Let another limit hold at some hours of some weekdays."""
    before = known(context.obj, site)
    wanted = given_limit(kw, ampere, before.site.branch(node))
    names = [day.strip().upper() for day in days.split(",") if day.strip()]
    times = {"day_of_week": names, "start_time": start, "end_time": end}
    entries = (*before.site.limits_of(node).weekly, checked(WeeklyLimit, wanted.model_dump() | times))
    _change(context.obj, before, node, entries, reason=reason, yes=yes, as_json=as_json)


@app.command()
def remove(
    context: typer.Context,
    site: SiteId,
    number: Annotated[int, typer.Argument(help="Of the entry: 'ocpi site weekly list SITE'.")],
    node: Node = GRID,
    reason: Reason = None,
    as_json: AsJson = False,
) -> None:
    """Remove an entry of the calendar."""
    before = known(context.obj, site)
    entries = list(before.site.limits_of(node).weekly)
    if not 1 <= number <= len(entries):
        raise Failure(f"there is no entry {number}; 'ocpi site weekly list {site}' shows all")
    del entries[number - 1]
    _change(context.obj, before, node, entries, reason=reason, yes=True, as_json=as_json)


@app.command("set")
def set_(
    context: typer.Context,
    site: SiteId,
    file: Annotated[
        Path,
        typer.Argument(
            help='JSON as in the site\'s file: {"weekly": […]}; an empty list for none; - for standard input.'
        ),
    ],
    node: Node = GRID,
    reason: Reason = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Set the whole calendar of a limit."""
    entries = read(_Weekly, read_bytes(file), SiteError).weekly
    _change(context.obj, known(context.obj, site), node, entries, reason=reason, yes=yes, as_json=as_json)


class _Weekly(BaseModel):
    weekly: tuple[WeeklyLimit, ...]


def _change(
    deployment: Deployment,
    before: Known,
    node: str,
    entries: Sequence[WeeklyLimit],
    *,
    reason: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Set the calendar, unless somebody else has changed the site since it was read."""
    id_ = before.site.id
    changed = edited(
        deployment,
        lambda by: deployment.desk.set_weekly(id_, node, entries, by),
        yes=yes,
        reason=reason,
        revision=before.revision,
    )
    if not as_json:
        print(f"The weekly limits of {whose(changed.site.branch(node), id_)} are changed.")
        for warning in changed.site.warnings(clock.now()):
            print(f"Warning: {warning}")
    _show(changed, node, as_json=as_json)


def _show(shown: Known, node: str, *, as_json: bool) -> None:
    entries = shown.site.limits_of(node).weekly
    if as_json:
        answer({"revision": shown.revision, "weekly": entries}, as_json=True, text="")
        return
    rows = [
        {"number": number, "when": str(each), "limit": limit_text(each)} for number, each in enumerate(entries, start=1)
    ]
    answer_table(rows, ("number", "when", "limit"), as_json=False)
