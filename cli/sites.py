"""ocpi site …: describe sites, look at them, and change their limits."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel, ValidationError

from cli.deployment import Deployment
from cli.failure import Failure
from cli.files import read_bytes
from cli.output import AsJson, answer, answer_table, printable, when
from cli.runs import replay, told
from ocpi import clock, wire
from ocpi.sites.phases import Phase
from ocpi.sites.site import GRID, Branch, LocationRef, Site, parse_site, parse_time
from ocpi.store.keys import ObjectId
from ocpi.store.sites import Place, SiteConfig
from ocpi.store.table import Conflict
from ocpi.types.chargingprofiles import ChargingProfile, ChargingProfilePeriod, ChargingRateUnit
from ocpi.types.primitives import parse_datetime

app = typer.Typer(no_args_is_help=True, help="Describe sites, look at them, and change their limits.")

app.command()(replay)

SiteId = Annotated[str, typer.Argument(help="The site's id.")]


@app.command()
def put(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The site as JSON (docs/energy-managers.md); - for standard input.")],
    as_json: AsJson = False,
) -> None:
    """Create a site, or replace it. A file with an error changes nothing."""
    deployment: Deployment = context.obj
    site = parse_site(read_bytes(file))
    if deployment.partners.get(site.partner_id) is None:
        raise Failure(f"partner_id: there is no partner {site.partner_id!r}; 'ocpi partner list' shows all")
    known = deployment.sites.config(site.id)
    _store(deployment, site, known)
    what = "replaced" if known else "created"
    warnings = site.warnings(clock.now())
    text = "\n".join([f"Site {site.id!r} is {what}.", *(f"Warning: {warning}" for warning in warnings)])
    answer(_row(site) | {"warnings": warnings}, as_json=as_json, text=text)


@app.command("list")
def list_(context: typer.Context, as_json: AsJson = False) -> None:
    """All sites and their limits now."""
    deployment: Deployment = context.obj
    rows = [_row(_load(deployment, id_)[0]) for id_ in deployment.sites.ids()]
    answer_table(rows, ("id", "name", "partner_id", "location", "limit_a"), as_json=as_json)


@app.command()
def show(context: typer.Context, site: SiteId, as_json: AsJson = False) -> None:
    """One site: its limits now and next, what goes on there, what the plan wants, and what it cannot do."""
    deployment: Deployment = context.obj
    known, _ = _load(deployment, site)
    plan: dict[str, Any] = deployment.sites.plan(site) or {}
    nodes = [_node(known, branch, clock.now()) for branch in known.branches()]
    sessions = list(_sessions(deployment.sites.place(known.location.of(known.partner_id)), plan, clock.now()))
    warnings = known.warnings(clock.now())
    run = deployment.sites.last_run(site, clock.now())
    if as_json:
        whole = {"site": known, "nodes": nodes, "sessions": sessions, "plan": plan or None, "warnings": warnings}
        whole["run"] = run.record if run else None
        answer(whole, as_json=True, text="")
        return
    row = _row(known)
    typer.echo(f"{known.name or known.id}: Location {row['location']} of {known.partner_id}")
    answer_table(_tree(nodes), ("node", "limit_a", "base_load_a", "next_change"), as_json=False)
    answer_table(sessions, _SHOWN_OF_SESSION, as_json=False)
    for line in (*dict.fromkeys([*warnings, *plan.get("warnings", ())]), *_of_plan(plan)):
        typer.echo(printable(line))
    if run:
        typer.echo(told(run))


@app.command()
def limit(  # noqa: PLR0913, PLR0917 - the options of the command
    context: typer.Context,
    site: SiteId,
    kw: Annotated[float | None, typer.Option(help="The limit in kW, all phases together.")] = None,
    ampere: Annotated[
        str | None, typer.Option("--a", help="The limit in A: one number for each phase, or L1=80,L2=80,L3=63.")
    ] = None,
    start: Annotated[str | None, typer.Option("--from", help="From when (UTC); ever since if left out.")] = None,
    end: Annotated[str | None, typer.Option("--until", help="Until when (UTC); for ever if left out.")] = None,
    node: Annotated[str, typer.Option(help="The feeder whose limit it is; the grid connection if left out.")] = GRID,
    as_json: AsJson = False,
) -> None:
    """Change a limit, for ever or for a stretch of time; the site is planned anew at once."""
    deployment: Deployment = context.obj
    known, config = _load(deployment, site)
    if (kw is None) == (ampere is None):
        raise Failure("give the limit either with --kw or with --a")
    branch = known.branch(node)
    new_limit = kw if kw is not None else _amperes(ampere or "", branch)
    changed = known.with_limit(parse_time(start) if start else None, parse_time(end) if end else None, new_limit, node)
    _store(deployment, changed, config)
    row = _row(changed) | {"node": node, "limit_a": _limit_a(changed.branch(node), clock.now())}
    whose = f"site {site!r}" if node == GRID else f"feeder {node!r} of site {site!r}"
    answer(row, as_json=as_json, text=f"The limit of {whose} is changed.")


def _amperes(text: str, branch: Branch) -> dict[Phase, float]:
    """The limit of each phase out of ``80`` or ``L1=80,L2=80,L3=63``."""
    given = dict(part.strip().partition("=")[::2] for part in text.split(","))
    if len(given) == 1 and "=" not in text:
        given = dict.fromkeys(branch.phases, text)
    unknown = [name for name in given if name not in branch.phases]
    if unknown:
        whose = "site" if branch.id == GRID else "feeder"
        raise Failure(f"--a: unknown phase {unknown[0]!r}; the {whose} has {', '.join(branch.phases)}")
    try:
        return {phase: float(given[phase]) for phase in branch.phases}
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
    before = _stands_for(known) if known else None
    location = site.location.of(site.partner_id)
    left = before if before and before.text != location.text else None
    try:
        deployment.sites.put_config(site.id, wire.dumps(site).decode(), location, known, left)
    except Conflict:
        owner = deployment.sites.site_of(location.text)
        if owner not in (None, site.id):
            raise Failure(f"location: site {owner!r} stands for it already") from None
        raise Failure(f"site {site.id!r} was changed by someone else just now; look at it and try again") from None


class _Standing(BaseModel):
    """What a stored site stands for, also one that another version of us has written and this one cannot read."""

    partner_id: str
    location: LocationRef


def _stands_for(known: SiteConfig) -> ObjectId | None:
    try:
        standing = _Standing.model_validate_json(known.document)
    except ValidationError:
        return None
    return standing.location.of(standing.partner_id)


def _row(site: Site) -> dict[str, object]:
    now = clock.now()
    return {
        "id": site.id,
        "name": site.name,
        "partner_id": site.partner_id,
        "location": f"{site.location.country_code}/{site.location.party_id}/{site.location.location_id}",
        "limit_a": _limit_a(site.grid, now),
    }


def _limit_a(branch: Branch, now: datetime) -> dict[Phase, float]:
    return {phase: round(limit, 1) for phase, limit in branch.limit(now, now).items()}


def _node(site: Site, branch: Branch, now: datetime) -> dict[str, Any]:
    """The grid connection or a feeder: its limits now and next, and its own base load now."""
    _, hour = next(site.hours(now, now + timedelta(seconds=1)))
    change = next(iter(branch.limit_changes(now)), None)
    return {
        "node": branch.id,
        "parent": branch.parent,
        "limit_a": _limit_a(branch, now),
        "base_load_a": {phase: round(branch.base_load_a(hour, phase), 1) for phase in branch.phases},
        "next_change": {"at": change, "limit_a": _limit_a(branch, change)} if change else None,
    }


def _tree(nodes: list[dict[str, Any]], parent: str | None = None, depth: int = 0) -> Iterator[dict[str, object]]:
    """The nodes as people read them, each under what it hangs on."""
    for node in nodes:
        if node["parent"] == parent:
            change = node["next_change"]
            yield {
                "node": "  " * depth + node["node"],
                "limit_a": _by_phase(node["limit_a"]),
                "base_load_a": _by_phase(node["base_load_a"]) if any(node["base_load_a"].values()) else None,
                "next_change": f"{_by_phase(change['limit_a'])} at {when(change['at'])}" if change else None,
            }
            yield from _tree(nodes, node["node"], depth + 1)


def _by_phase(amperes: dict[Phase, float]) -> str:
    """``L1 100, L2 100, L3 63``, or one number where all are the same."""
    if len(set(amperes.values())) == 1:
        return f"{next(iter(amperes.values())):g}"
    return ", ".join(f"{phase} {ampere:g}" for phase, ampere in amperes.items())


_SHOWN_OF_SESSION = (
    "session_id",
    "evse_uid",
    "node",
    "kwh",
    "allowed",
    "planned",
    "departure",
    "energy_kwh",
    "short_kwh",
    "why",
)


def _sessions(place: Place, plan: dict[str, Any], now: datetime) -> Iterator[dict[str, object]]:
    """What goes on: what each session may draw by its profile and shall by the plan, what is believed of it, and what
    it will miss."""
    believed, profiles = plan.get("sessions", {}), plan.get("profiles", {})
    for id_, document in place.sessions.items():
        state = place.profiles.get(id_)
        belief = believed.get(id_, {})
        departure = belief.get("departure")
        why = [*belief.get("why", ()), *([f"refused: {state.refusal}"] if state and state.refusal else ())]
        yield {
            "session_id": document.get("id", id_),
            "evse_uid": document.get("evse_uid"),
            "node": belief.get("node"),
            "kwh": document.get("kwh"),
            "since": document.get("start_date_time"),
            "profile": state.accepted if state else None,
            "refusal": state.refusal if state else None,
            "allowed": _allowed(state.accepted, now) if state and state.accepted else None,
            "planned": _allowed(ChargingProfile.model_validate(profiles[id_]), now) if id_ in profiles else None,
            "departure": parse_datetime(departure) if departure else None,
            "energy_kwh": belief.get("energy_kwh"),
            "short_kwh": belief.get("short_kwh"),
            "why": "; ".join(why) or None,
        }


def _allowed(profile: ChargingProfile, now: datetime) -> str:
    """What a profile allows now, such as ``16 A``."""
    passed = (now - (profile.start_date_time or now)).total_seconds()
    first, *others = profile.charging_profile_period
    limit = max((each for each in (first, *others) if each.start_period <= passed), default=first, key=_start).limit
    return f"{limit:g} A" if profile.charging_rate_unit is ChargingRateUnit.A else f"{limit / 1000:g} kW"


def _start(period: ChargingProfilePeriod) -> int:
    return period.start_period


def _of_plan(plan: dict[str, Any]) -> Iterator[str]:
    """What the plan could not do, or who made it instead of the solver."""
    for over in plan.get("overloads", ()):
        unit = "kW" if over["line"] == "kW" else "A"
        yield (
            f"{over['node']}, {over['line']}: others draw {over['amount']:g} {unit} above the limit"
            f" from {over['start']} to {over['end']}"
        )
    if plan.get("failures"):
        yield f"The plan is from {plan['solver']!r}: {'; '.join(plan['failures'])}"
