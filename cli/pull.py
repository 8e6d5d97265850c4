"""ocpi partner pull: get what a partner owns."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer
from rich.progress import Progress

from cli.deployment import Deployment
from cli.failure import Failure
from cli.output import AsJson, answer_table, left_out, moment, printable, progress_bars
from ocpi.parties.pull import Pulling
from ocpi.parties.taking import Pulled
from ocpi.store.partner import Partner, PartnerStatus
from ocpi.types.versions import ModuleID

COLUMNS = ("module", "pages", "stored", "unchanged", "gone", "skipped", "error")
MAX_SHOWN = 20
"""How many objects of a module that were not taken are shown; with --json all are."""


def pull(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The partner's name or id.")],
    module: Annotated[ModuleID | None, typer.Option(help="Only this module; else all that there are.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option(parser=moment, metavar="TIME", help="Only what changed since; else since the last pull."),
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="All there is; Locations and Tariffs that are not there any more go.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Get what a partner owns from its lists: after an outage, or on doubt.

    What is wrong is skipped and told, the rest is stored; the newest wins. If a list breaks off, what came is kept, and
    the exit code is 1.
    """
    if since and full:
        raise typer.BadParameter("--since and --full exclude each other")
    deployment: Deployment = context.obj
    partner = deployment.partner(name)
    if partner.status is PartnerStatus.SUSPENDED:
        raise Failure(f"partner {partner.id!r} is SUSPENDED; resume it first: 'ocpi partner resume {partner.id}'")
    modules = [each for each in deployment.pulling.modules(partner) if module in (None, each)]
    if not modules:
        raise Failure(
            f"partner {partner.id!r} offers no list{f' of {module}' if module else ''} that our roles are for"
        )
    with progress_bars() as progress:
        pulled = [_pull(deployment.pulling, partner, each, progress, since=since, full=full) for each in modules]
    if as_json:
        answer_table(map(_whole, pulled), COLUMNS, as_json=True)
    else:
        answer_table(({**asdict(each), "skipped": len(each.skipped)} for each in pulled), COLUMNS, as_json=False)
        _show_missing(pulled)
        _show_skipped(pulled)
    if any(each.error for each in pulled):
        raise typer.Exit(1)


def _pull(
    pulling: Pulling, partner: Partner, module: ModuleID, progress: Progress, *, since: datetime | None, full: bool
) -> Pulled:
    bar = progress.add_task(module, total=None)

    def told(pulled: Pulled, total: int | None) -> None:
        done = pulled.stored + pulled.unchanged + len(pulled.skipped)
        progress.update(bar, completed=done, total=max(done, total or 0))

    return pulling.pull(partner, module, told, since=since, full=full)


def _whole(pulled: Pulled) -> dict[str, object]:
    """All of it, but uids of Tokens: who knows one may copy the card."""
    skipped = [dict(zip(("object", "reason"), left_out(pulled.module, each), strict=True)) for each in pulled.skipped]
    return asdict(pulled) | {"skipped": skipped}


def _show_missing(pulled: list[Pulled]) -> None:
    for each in pulled:
        if each.missing:
            print(f"{each.module}: {each.missing} are missing; they go if the next full pull does not have them either")


def _show_skipped(pulled: list[Pulled]) -> None:
    for each in pulled:
        for skipped in each.skipped[:MAX_SHOWN]:
            name, reason = left_out(each.module, skipped)
            print(f"{each.module} {printable(name)} was skipped: {printable(reason)}")
        if len(each.skipped) > MAX_SHOWN:
            print(f"{each.module}: {len(each.skipped) - MAX_SHOWN} more were skipped; --json tells all")
