"""Runs of the optimizer: what they say of themselves, and `ocpi site replay`, which does one again."""

from datetime import datetime
from typing import Annotated

import typer

from cli.deployment import Deployment
from cli.failure import Failure
from cli.output import AsJson, answer, answer_table, moment, printable
from ocpi import wire
from ocpi.logs import logger
from ocpi.store.sites import Run
from ocpi.types.primitives import format_datetime

SHOWN = 50
"""How many differences the table shows at most; --json has all of them."""


def replay(
    context: typer.Context,
    site: Annotated[str, typer.Argument(help="The site's id.")],
    at: Annotated[
        datetime, typer.Option("--at", parser=moment, metavar="TIME", help="The run at this time, or the last before.")
    ],
    as_json: AsJson = False,
) -> None:
    """Do a run again from what it had read: is the plan exactly the same, and what would be sent?

    Nothing is stored or sent. The exit code is 0 if all is the same and 1 if anything differs.
    """
    deployment: Deployment = context.obj
    run = deployment.sites.last_run(site, at)
    if run is None:
        raise Failure(f"no run of site {site!r} is kept from {format_datetime(at)} or before")
    differing = _differing(deployment, site, run)
    if as_json:
        whole = {"run": run.id, "record": run.record, "same": not differing, "differences": differing}
        answer(whole, as_json=True, text="")
    else:
        _show(run, differing)
    if differing:
        raise typer.Exit(1)


def _differing(deployment: Deployment, site: str, run: Run) -> list[dict[str, wire.Json]]:
    """Where the outcome is another one than it was."""
    from optimizer.replay import differences, replayed  # noqa: PLC0415 - the solver takes long to load

    logger.setLevel("CRITICAL")  # what a run cannot read it said when it was; this is an answer, no log
    inputs = deployment.sites.inputs(site, run.id)
    if inputs is None:
        raise Failure(f"run {run.id} of site {site!r} read no site that it could plan: {_failures(run)}")
    kept = deployment.sites.outcome(site, run.id)
    if kept is None:
        raise Failure(f"nothing came of run {run.id} of site {site!r}: {_failures(run)}")
    found = differences(kept, replayed(inputs))
    return [{"place": place, "then": then, "now": now} for place, then, now in found]


def _failures(run: Run) -> str:
    failures = run.record.get("failures")
    return printable("; ".join(map(str, failures))) if isinstance(failures, list) else "its record does not say why"


def told(run: Run) -> str:
    """What the record of a run says, as a line; it leaves out what is as it should be."""
    record = run.record
    parts = [f"Run {run.id} because of {record.get('reason')}"]
    parts += [words.format(record[name]) for name, words in _WORDS.items() if record.get(name)]
    if isinstance(timing := record.get("timing_ms"), dict):
        parts.append("ms: " + ", ".join(f"{stage} {ms}" for stage, ms in timing.items()))
    if failures := record.get("failures"):
        parts.append(f"failed: {failures}")
    return printable("; ".join(parts))


_WORDS = {
    "sessions": "{} sessions",
    "planned": "{} planned",
    "profiles_sent": "{} profiles sent",
    "held_back": "{} held back",
    "short_kwh": "{} kWh short",
    "overloads": "{} overloads",
    "solver": "solver {}",
}


def _show(run: Run, differing: list[dict[str, wire.Json]]) -> None:
    print(told(run))
    if not differing:
        print("The plan is exactly the same.")
        return
    print(
        f"Differences: {len(differing)}. Another version of the optimizer made the plan, its time was over, or another"
        " processor or library rounds otherwise."
    )
    answer_table(differing[:SHOWN], ("place", "then", "now"), as_json=False)
