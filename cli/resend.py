"""ocpi partner resend: have a partner sent our objects once more."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import typer
from rich.progress import Progress

from cli.deployment import Deployment
from cli.failure import Failure
from cli.output import AsJson, answer, moment, progress_bars
from ocpi import wire
from ocpi.parties.concerned import concerned
from ocpi.push.breaker import BreakerState
from ocpi.store.keys import OWN, ObjectId, typed_uid
from ocpi.store.lists import ObjectList, Window
from ocpi.store.partner import Partner, PartnerStatus
from ocpi.transport.patch import last_updated
from ocpi.types.parties import Party
from ocpi.types.versions import InterfaceRole, ModuleID

MODULES = (ModuleID.LOCATIONS, ModuleID.TARIFFS, ModuleID.TOKENS, ModuleID.SESSIONS, ModuleID.CDRS)
"""The modules whose objects are sent, in this order."""

PAGE = 100
AT_ONCE = 8
"""How many marks are written at the same time."""


def resend(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The partner's name or id.")],
    module: Annotated[ModuleID | None, typer.Option(help="Only this module; else all that it is sent.")] = None,
    since: Annotated[
        datetime | None, typer.Option(parser=moment, metavar="TIME", help="Only what has changed since.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also what it has confirmed: it has lost its data. CDRs are sent again, too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Have a partner sent what it lacks of our objects: a way out when a change was lost, or when it has lost its data.

    It is sent each object as it is now. What it has confirmed in just that version is not sent again, save with --all.
    """
    if since and everything:
        raise typer.BadParameter("--since and --all exclude each other")
    deployment: Deployment = context.obj
    partner = deployment.partner(name)
    modules = [each for each in MODULES if module in (None, each) and partner.endpoint(each, InterfaceRole.RECEIVER)]
    if not modules:
        raise Failure(f"partner {partner.id!r} takes no {module or 'objects'}: it offers no receiver of that")
    marked: dict[str, int] = {}
    with progress_bars() as progress:
        for each in modules:
            resending = Resending(deployment, partner, each, Window(date_from=since), anew=everything)
            marked[each.value] = resending.run(progress)
    deployment.wake(partner.id)
    told = {"partner_id": partner.id, "marked": marked}
    answer(told, as_json=as_json, text=_text(deployment, partner, marked, everything=everything))


def _text(deployment: Deployment, partner: Partner, marked: Mapping[str, int], *, everything: bool) -> str:
    total = sum(marked.values())
    counts = ", ".join(f"{each} {count}" for each, count in marked.items())
    done = "are sent again" if everything else "are looked at; what it has already is not sent again"
    text = f"Partner {partner.id!r}: {total} objects {done} ({counts})."
    if partner.status is PartnerStatus.SUSPENDED:
        return f"{text} It is sent them once it is resumed: 'ocpi partner resume {partner.id}'."
    if deployment.breakers.get(partner.id).state is BreakerState.OPEN:
        return f"{text} It is sent them once the breaker is closed: see 'ocpi partner show {partner.id}'."
    return text


@dataclass(frozen=True)
class Resending:
    """Marks our objects of a module as due to a partner.

    It may be broken off and begun anew: an object that is marked twice is sent once.
    """

    deployment: Deployment
    partner: Partner
    module: ModuleID
    window: Window
    anew: bool
    """Forget that the partner has them."""

    def run(self, progress: Progress) -> int:
        """Mark them; returns how many there are."""
        partners = list(self.deployment.partners.all())
        return sum(self._party(party, partners, progress) for party in self.deployment.own.parties)

    def _party(self, party: Party, partners: list[Partner], progress: Progress) -> int:
        objects = ObjectList.own(self.module, party)
        if self.anew:
            for _ in self.deployment.deliveries.clear(self.partner.id, objects.owner):
                pass
        bar = progress.add_task(f"{self.module} of {party}", total=self.deployment.lists.total(objects, self.window))
        marked = 0
        with ThreadPoolExecutor(AT_ONCE) as threads:
            for documents in self._pages(objects):
                concerning = [each for each in documents if self._concerns(each, partners)]
                marked += len(list(threads.map(self._mark, concerning)))
                progress.advance(bar, len(documents))
        return marked

    def _concerns(self, document: wire.JsonObject, partners: list[Partner]) -> bool:
        return any(each.id == self.partner.id for each in concerned(self.module, document, partners))

    def _pages(self, objects: ObjectList) -> Iterator[list[wire.JsonObject]]:
        after: str | None = ""
        while after is not None:
            page = self.deployment.lists.page(objects, self.window, after, PAGE)
            yield [wire.loads_object(document) for document in page.documents]
            after = page.after

    def _mark(self, document: wire.JsonObject) -> None:
        self.deployment.due.mark(self.partner.id, _object_id(self.module, document), last_updated(document))


def _object_id(module: ModuleID, document: wire.JsonObject) -> ObjectId:
    tokens = module is ModuleID.TOKENS
    id_ = typed_uid(str(document["uid"]), str(document["type"])) if tokens else str(document["id"])
    return ObjectId(OWN, module, str(document["country_code"]), str(document["party_id"]), id_)
