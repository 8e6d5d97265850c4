"""ocpi site limit and override …: what a site bears."""

from collections.abc import Iterator
from datetime import tzinfo
from typing import Annotated
from uuid import uuid4

import typer

from cli.deployment import Deployment
from cli.output import AsJson, answer, answer_table
from cli.site.editing import edited, known, whose
from cli.site.options import (
    Ampere,
    Kw,
    Node,
    Reason,
    SiteId,
    Yes,
    brief,
    brief_by_phase,
    by_phase,
    checked,
    given_limit,
    heading,
    limit_text,
)
from ocpi import clock
from ocpi.sites.limits import Cap, Override, SourceKind
from ocpi.sites.site import GRID, Branch, parse_time

override = typer.Typer(no_args_is_help=True, help="Limits that stand in for the base and the calendar for a while.")

From = Annotated[str | None, typer.Option("--from", help="From when (UTC); ever since if left out.")]
To = Annotated[str | None, typer.Option("--until", help="Until when (UTC); for ever if left out.")]


def limit(  # noqa: PLR0913, PLR0917 - the options of the command
    context: typer.Context,
    site: SiteId,
    kw: Kw = None,
    ampere: Ampere = None,
    start: From = None,
    end: To = None,
    node: Node = GRID,
    reason: Reason = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Change a limit for ever or, with --from or --until, for a while; the site is planned anew at once."""
    if start or end:
        add(context, site, kw, ampere, start, end, node, reason, yes, as_json)
        return
    deployment: Deployment = context.obj
    wanted = given_limit(kw, ampere, known(deployment, site).site.branch(node))
    changed = edited(deployment, lambda by: deployment.desk.set_base(site, node, wanted, by), yes=yes, reason=reason)
    branch = changed.site.branch(node)
    answer(_now(branch) | {"id": site, "revision": changed.revision}, as_json=as_json, text=_said(branch, site))


@override.command()
def add(  # noqa: PLR0913, PLR0917 - the options of the command
    context: typer.Context,
    site: SiteId,
    kw: Kw = None,
    ampere: Ampere = None,
    start: From = None,
    end: To = None,
    node: Node = GRID,
    reason: Reason = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Let another limit hold for a while."""
    deployment: Deployment = context.obj
    branch = known(deployment, site).site.branch(node)
    wanted = given_limit(kw, ampere, branch)
    times = {"start": parse_time(start) if start else None, "end": parse_time(end) if end else None}
    about = {"id": f"o-{uuid4().hex[:8]}", "reason": reason, "author": deployment.author}
    new = checked(Override, wanted.model_dump() | times | about)
    changed = edited(deployment, lambda by: deployment.desk.add_override(site, node, new, by), yes=yes, reason=reason)
    branch = changed.site.branch(node)
    whole = _now(branch) | {"id": site, "revision": changed.revision, "override": new}
    answer(whole, as_json=as_json, text=f"The limit of {whose(branch, site)} is changed: override {new.id!r}.")


@override.command("list")
def list_(context: typer.Context, site: SiteId, as_json: AsJson = False) -> None:
    """The overrides of all nodes, and the caps of grid operators."""
    found = known(context.obj, site).site
    dated = [(branch.id, id_, each) for branch in found.branches() for id_, each in _dated(branch)]
    if as_json:
        answer([_whole(*each) for each in dated], as_json=True, text="")
        return
    print(heading(found.zone))
    rows = (_brief(*each, found.zone) for each in dated)
    answer_table(rows, ("node", "limit", "from", "until", "why", "id"), as_json=False)


def _dated(branch: Branch) -> Iterator[tuple[str, Override | Cap]]:
    """The limits that begin and end, each with its id."""
    yield from ((each.id, each) for each in branch.calendar.limits.overrides)
    yield from ((each.signal_id, each) for each in branch.calendar.limits.caps)


def _whole(node: str, id_: str, dated: Override | Cap) -> dict[str, object]:
    return {
        "node": node,
        "id": id_,
        "kind": SourceKind.CAP if isinstance(dated, Cap) else SourceKind.OVERRIDE,
        "from": dated.start,
        "until": dated.end,
        "limit": limit_text(dated),
        "reason": dated.reason,
        "author": dated.author,
    }


def _brief(node: str, id_: str, dated: Override | Cap, zone: tzinfo) -> dict[str, object]:
    return {
        "node": node,
        "limit": f"{dated.limit_kw:g} kW" if dated.limit_a is None else f"{brief_by_phase(dated.limit_a)} A",
        "from": brief(dated.start, zone),
        "until": brief(dated.end, zone),
        "why": ", by ".join(filter(None, (dated.reason, dated.author))) or None,
        "id": f"signal {id_}" if isinstance(dated, Cap) else id_,
    }


@override.command()
def remove(
    context: typer.Context,
    site: SiteId,
    override_id: Annotated[str, typer.Argument(help="Its id: 'ocpi site override list SITE'.")],
    node: Node = GRID,
    reason: Reason = None,
    as_json: AsJson = False,
) -> None:
    """Take an override back; what holds without it holds again at once."""
    deployment: Deployment = context.obj
    changed = edited(
        deployment, lambda by: deployment.desk.remove_override(site, node, override_id, by), yes=True, reason=reason
    )
    branch = changed.site.branch(node)
    whole = _now(branch) | {"id": site, "revision": changed.revision}
    answer(whole, as_json=as_json, text=f"{whose(branch, site).capitalize()} has no override {override_id!r} any more.")


def _said(branch: Branch, site_id: str) -> str:
    """That a limit is changed; and what holds now, if that is another one."""
    text = f"The limit of {whose(branch, site_id)} is changed."
    now = clock.now()
    source = branch.source(now)
    if source.kind is SourceKind.BASE:
        return text
    of = f" {source.id!r}" if source.id else ""
    return f"{text} Now {source.kind}{of} holds: {by_phase(branch.limit(now, now))} A."


def _now(branch: Branch) -> dict[str, object]:
    now = clock.now()
    return {
        "node": branch.id,
        "limit_a": {phase: round(ampere, 1) for phase, ampere in branch.limit(now, now).items()},
        "source": branch.source(now).kind,
    }
