"""ocpi dlq …: what waits for a person, because trying again by itself has come to its end."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Annotated

import typer

from cli.deployment import Deployment
from cli.failure import Failure
from cli.letters import DeadLetters, Letter, Source, Worked, of_outbox, of_queue
from cli.output import AsJson, answer, answer_table, named, progress_bars, without_uid
from cli.streams import Replay
from ocpi.push.due import Given, ParkedObject
from ocpi.store.partner import Partner
from ocpi.types.versions import ModuleID

app = typer.Typer(
    no_args_is_help=True, help="What waits for a person: dead letters, and objects that partners did not take."
)

OBJECTS = "objects"
"""Beside the dead letters: our objects that partners did not take."""

LOOKED_AT = 10
"""From so many dead letters of a queue it is told which is the oldest."""

MAX_SHOWN = 50


class Place(StrEnum):
    """Where something waits."""

    PUSH = Source.PUSH
    OPTIMIZE = Source.OPTIMIZE
    TIMEOUTS = Source.TIMEOUTS
    PULL = Source.PULL
    OUTBOX = Source.OUTBOX
    OBJECTS = OBJECTS


PlaceName = Annotated[Place, typer.Argument(metavar="NAME", help="One of those that `ocpi dlq list` names.")]
OfPartner = Annotated[str | None, typer.Option("--partner", help="Only what concerns this partner, by name or id.")]
Everything = Annotated[bool, typer.Option("--all", help="All that waits there.")]
Ids = Annotated[
    list[str], typer.Option("--id", help="A dead letter by its id, an object by its OCPI id; may be repeated.")
]
OfModule = Annotated[ModuleID | None, typer.Option("--module", help="Only what is of this module.")]


@dataclass(frozen=True)
class Wanted:
    """Which letters and objects a command is about.

    Args:
        partner: only those that concern it.
        module: only those of it.
        ids: only these; none stands for all.
    """

    partner: Partner | None = None
    module: ModuleID | None = None
    ids: frozenset[str] = frozenset()

    def has(self, letter: Letter) -> bool:
        """Whether a letter is among them."""
        about = letter.about
        return (
            (self.partner is None or about.partner_id == self.partner.id)
            and self.module in (None, about.module)
            and (not self.ids or letter.id in self.ids)
        )

    def names(self, parked: ParkedObject) -> bool:
        """Whether an object of the partner is among them."""
        object_id = parked.object_id
        return self.module in (None, object_id.module) and (
            not self.ids or not _names(object_id.id).isdisjoint(id_.upper() for id_ in self.ids)
        )


@app.command("list")
def list_(context: typer.Context, as_json: AsJson = False) -> None:
    """All that waits for a person: how much of it, and since when."""
    deployment: Deployment = context.obj
    rows = [*map(_queue_row, Source, (_letters(deployment, source) for source in Source))]
    rows += [row for partner in deployment.partners.all() if (row := _partner_row(deployment, partner))]
    if as_json:
        answer(rows, as_json=True, text="")
        return
    answer_table(rows, ("name", "partner_id", "waiting", "oldest", "what"), as_json=False)
    waiting = any(row["waiting"] for row in rows)
    print("'ocpi dlq show NAME' tells what each is about." if waiting else "Nothing waits for a person.")


@app.command()
def show(
    context: typer.Context,
    place: PlaceName,
    partner: OfPartner = None,
    module: OfModule = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many are looked at.")] = MAX_SHOWN,
    as_json: AsJson = False,
) -> None:
    """What waits in one place, and why: dead letters stay where they are. `objects` are those that partners refused."""
    deployment: Deployment = context.obj
    wanted = Wanted(deployment.partner(partner) if partner else None, module)
    columns: tuple[str, ...]
    if place is Place.OBJECTS:
        parked = list(_parked(deployment, wanted))
        rows, total = [_object_row(each) for each in parked[:limit]], len(parked)
        columns = ("partner_id", "module", "object", "given", "parked", "attempts", "reason")
    else:
        letters = _letters(deployment, Source(place))
        total = letters.count()
        rows = [_letter_row(letter) for letter in letters.look(limit) if wanted.has(letter)]
        columns = ("id", "sent", "received", "about")
    if as_json:
        answer(rows, as_json=True, text="")
        return
    answer_table(rows, columns, as_json=False)
    print(f"{len(rows)} of {total}. {_what_to_do(place)}" if rows else f"Nothing of that kind waits in '{place}'.")


@app.command()
def redrive(  # noqa: PLR0913, PLR0917 - the options of the command
    context: typer.Context,
    place: PlaceName,
    everything: Everything = False,
    id_: Ids = [],  # noqa: B006 - typer reads it and never changes it
    partner: OfPartner = None,
    module: OfModule = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be done.")] = False,
    as_json: AsJson = False,
) -> None:
    """Try again what waits: dead letters are sent to where they came from, objects to the partners.

    Whatever is tried, the objects and plans are sent as they are now, and nothing is sent that a partner has already.
    """
    deployment: Deployment = context.obj
    wanted = _wanted(deployment, id_, partner, module, everything=everything)
    if dry_run:
        worked = _counted(deployment, place, wanted)
    elif place is Place.OBJECTS:
        worked = _objects(deployment, wanted, deployment.due.redrive, wake=True)
    else:
        worked = _worked(place, partial(_letters(deployment, Source(place)).redrive, wanted.has))
    done = "would be tried again" if dry_run else "tried again"
    lines = [_summary(place, worked, done)]
    if worked.failed and place is Place.OUTBOX:
        lines.append("Of what is gone, 'ocpi partner resend NAME' tells a partner; docs/operations.md tells the rest.")
    told = {
        "name": place,
        "redriven": len(worked.done),
        "failed": worked.failed,
        "left": worked.left,
        "dry_run": dry_run,
    }
    answer(told, as_json=as_json, text="\n".join(lines))
    _require_all(place, wanted, worked)
    if worked.failed:
        raise typer.Exit(1)


@app.command()
def drop(
    context: typer.Context,
    place: PlaceName,
    everything: Everything = False,
    id_: Ids = [],  # noqa: B006 - typer reads it and never changes it
    partner: OfPartner = None,
    module: OfModule = None,
    as_json: AsJson = False,
) -> None:
    """Let go of what waits without trying it again: there is no sense in it, or you have seen to it by other means."""
    deployment: Deployment = context.obj
    wanted = _wanted(deployment, id_, partner, module, everything=everything)
    if place is Place.OBJECTS:
        worked = _objects(
            deployment, wanted, lambda each: deployment.due.forget_parked(each.partner_id, each.object_id), wake=False
        )
    else:
        worked = _worked(place, partial(_letters(deployment, Source(place)).drop, wanted.has))
    told = {"name": place, "dropped": len(worked.done), "left": worked.left}
    answer(told, as_json=as_json, text=_summary(place, worked, "let go"))
    _require_all(place, wanted, worked)


def _wanted(
    deployment: Deployment, ids: list[str], partner: str | None, module: ModuleID | None, *, everything: bool
) -> Wanted:
    if everything and ids:
        raise typer.BadParameter("--all and --id exclude each other")
    if not (everything or ids or partner or module):
        raise Failure("say which: --all, --id ID, --partner NAME or --module MODULE")
    return Wanted(deployment.partner(partner) if partner else None, module, frozenset(ids))


def _require_all(place: Place, wanted: Wanted, worked: Worked) -> None:
    """Make sure that whatever was named was there.

    Raises:
        Failure: something was not.
    """
    there = {name for id_ in (*worked.done, *(failed.id for failed in worked.failed)) for name in _names(id_)}
    if missing := sorted(id_ for id_ in wanted.ids if id_.upper() not in there):
        raise Failure(f"nothing with the id {', '.join(map(repr, missing))} waits in '{place}'")


def _names(id_: str) -> set[str]:
    """What a letter or an object may be called; a Token by its uid, with or without its type."""
    return {id_.upper(), id_.upper().partition("*")[0]}


def _worked(place: Place, work: Callable[[Callable[[int, int], None]], Worked]) -> Worked:
    with progress_bars() as progress:
        bar = progress.add_task(place, total=None)
        return work(lambda done, total: progress.update(bar, completed=done, total=max(done, total)))


def _objects(deployment: Deployment, wanted: Wanted, work: Callable[[ParkedObject], None], *, wake: bool) -> Worked:
    """Work off one by one; partners that are not woken at the end, because we were killed, are so by the sweep."""
    parked = list(_parked(deployment, wanted))
    with progress_bars() as progress:
        for each in progress.track(parked, description=OBJECTS):
            work(each)
    for partner_id in {each.partner_id for each in parked} if wake else ():
        deployment.wake(partner_id)
    return Worked(_ids(parked), [], sum(1 for _ in _parked(deployment, Wanted())))


def _counted(deployment: Deployment, place: Place, wanted: Wanted) -> Worked:
    if place is Place.OBJECTS:
        ids = _ids(_parked(deployment, wanted))
        return Worked(ids, [], sum(1 for _ in _parked(deployment, Wanted())) - len(ids))
    letters = _letters(deployment, Source(place))
    total = letters.count()
    ids = [letter.id for letter in letters.look(total) if wanted.has(letter)]
    return Worked(ids, [], total - len(ids))


def _ids(parked: Iterable[ParkedObject]) -> list[str]:
    return [each.object_id.id for each in parked]


def _summary(place: Place, worked: Worked, done: str) -> str:
    if not worked.done and not worked.failed:
        left = f"; {worked.left} others are there" if worked.left else ""
        return f"Nothing of that kind waits in '{place}'{left}."
    lines = [f"'{place}': {len(worked.done)} {done}, {worked.left} others left."]
    lines += [f"{failed.id} is still there: {failed.reason}" for failed in worked.failed[:MAX_SHOWN]]
    return "\n".join(lines)


def _what_to_do(place: Place) -> str:
    return f"'ocpi dlq redrive {place}' tries them again."


def _letters(deployment: Deployment, source: Source) -> DeadLetters:
    outputs = deployment.outputs
    match source:
        case Source.PUSH:
            return of_queue(source, outputs["PushDeadLettersUrl"], outputs["PushQueueUrl"])
        case Source.OPTIMIZE:
            return of_queue(source, outputs["OptimizeDeadLettersUrl"], outputs["OptimizeQueueUrl"])
        case Source.TIMEOUTS:
            return of_queue(source, outputs["TimeoutDeadLettersUrl"], outputs["TimeoutQueueUrl"])
        case Source.PULL:
            return of_queue(source, outputs["PullDeadLettersUrl"], outputs["PullQueueUrl"])
        case Source.OUTBOX:
            replay = Replay(outputs["OutboxFunctionName"], outputs["SitesTable"])
            return of_outbox(outputs["OutboxDeadLettersUrl"], replay)


def _parked(deployment: Deployment, wanted: Wanted) -> Iterator[ParkedObject]:
    partners = [wanted.partner] if wanted.partner else deployment.partners.all()
    return (each for partner in partners for each in deployment.due.parked(partner.id) if wanted.names(each))


def _queue_row(source: Source, letters: DeadLetters) -> dict[str, object]:
    count = letters.count()
    return {
        "name": source,
        "partner_id": None,
        "waiting": count,
        "oldest": min((letter.sent for letter in letters.look(LOOKED_AT)), default=None),
        "what": source.meaning,
    }


def _partner_row(deployment: Deployment, partner: Partner) -> dict[str, object] | None:
    parked = deployment.due.parked(partner.id)
    if not parked:
        return None
    counts = Counter(each.given for each in parked)
    return {
        "name": OBJECTS,
        "partner_id": partner.id,
        "waiting": len(parked),
        "oldest": min(each.parked for each in parked),
        "what": f"{counts[Given.REFUSED]} refused, {counts[Given.FAILED]} failed",
        "refused": counts[Given.REFUSED],
        "failed": counts[Given.FAILED],
    }


def _letter_row(letter: Letter) -> dict[str, object]:
    return {
        "id": letter.id,
        "about": letter.about.text,
        "partner_id": letter.about.partner_id,
        "module": letter.about.module,
        "sent": letter.sent,
        "first_received": letter.first_received,
        "received": letter.received,
    }


def _object_row(parked: ParkedObject) -> dict[str, object]:
    object_id = parked.object_id
    return {
        "partner_id": parked.partner_id,
        "module": object_id.module,
        "object": named(object_id),
        "given": parked.given,
        "reason": without_uid(parked.reason, object_id),
        "changed": parked.changed,
        "parked": parked.parked,
        "attempts": parked.attempts,
    }
