"""Policies on real sessions, compared, and told about."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Self

from rich.progress import TaskID

from cli.failure import Failure
from cli.output import answer_table, progress_bars
from ocpi import wire
from optimizer.offline.comparison import Comparison, Tried, Window, compared
from optimizer.offline.knowledge import Beliefs
from optimizer.offline.policies import PolicyName
from optimizer.offline.sessions_file import read_sessions
from optimizer.offline.simulated_site import parse_site

_COLUMNS = ("policy", "demand met %", "kWh", "over limit", "peak kW", "changes", "ms/plan")


@dataclass(frozen=True)
class Wanted:
    """What is to be compared."""

    policies: tuple[PolicyName, ...]
    beliefs: Beliefs
    begin: date | None
    end: date | None
    score_from: date | None
    limit_kw: float | None


@dataclass(frozen=True)
class Compared:
    """A comparison at a site."""

    site_id: str
    comparison: Comparison

    def tell(self, *, as_json: bool, schedule: bool) -> None:
        """Print it as JSON, or else as a table."""
        comparison = self.comparison
        if as_json:
            print(wire.dumps(comparison.document(schedule=schedule)).decode())
            return
        answer_table(map(_row, comparison.tried), _COLUMNS, as_json=False)
        print(
            f"{comparison.counted_sessions} sessions, {comparison.counted_kwh:.1f} kWh, at {self.site_id}; "
            f"beliefs: {comparison.beliefs}. No policy can do better than offline, which knows everything."
        )

    def draw(self, file: Path) -> None:
        """Draw it."""
        from optimizer.offline.comparison_picture import draw  # noqa: PLC0415 - matplotlib comes with a checkout only

        try:
            draw(self.comparison, file, f"{self.site_id}: {self.comparison.counted_sessions} sessions")
        except OSError as error:
            raise Failure(f"{file}: {error.strerror}") from None


def compare(sessions: Path, site: bytes, wanted: Wanted, *, with_picture: bool) -> Compared:
    """Try policies on the sessions of a file.

    Raises:
        WrongInput: the sessions or the site are wrong.
        Failure: the picture that will be wanted cannot be drawn here.
    """
    if with_picture and find_spec("matplotlib") is None:
        raise Failure("--plot needs matplotlib: pip install matplotlib")
    place = parse_site(site)
    if wanted.limit_kw is not None:
        place = place.limited(wanted.limit_kw)
    visits = read_sessions(sessions)
    window = Window(wanted.begin, wanted.end, wanted.score_from)
    with _Bars() as bars:
        return Compared(place.id, compared(visits, place, wanted.policies, wanted.beliefs, window, bars.tell))


def policies(names: list[str]) -> tuple[PolicyName, ...]:
    """The policies of these names, each once; all for none.

    Raises:
        Failure: there is no such policy.
    """
    return tuple(dict.fromkeys(_named(PolicyName, "--policy", name) for name in names)) or tuple(PolicyName)


def beliefs(name: str) -> Beliefs:
    """The beliefs of this name.

    Raises:
        Failure: there are none.
    """
    return _named(Beliefs, "--beliefs", name)


def _named[E: StrEnum](kind: type[E], option: str, name: str) -> E:
    try:
        return kind(name)
    except ValueError:
        raise Failure(f"{option}: {name!r} is none of {', '.join(kind)}") from None


def _row(tried: Tried) -> dict[str, object]:
    score = tried.score
    return {
        "policy": tried.name,
        "demand met %": f"{score.demand_met_pct:.3f}",
        "kWh": f"{score.delivered_kwh:.1f}",
        "over limit": score.intervals_over_limit,
        "peak kW": f"{score.peak_kw:.2f}",
        "changes": f"{score.changes_per_session:.2f}",
        "ms/plan": f"{sum(tried.solve_ms) / len(tried.solve_ms):.1f}" if tried.solve_ms else None,
    }


class _Bars:
    """A bar for each policy, from the first one on."""

    def __init__(self) -> None:
        self._bars = progress_bars()
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._tasks:
            self._bars.stop()

    def tell(self, name: str, steps: int, done: int) -> None:
        """Show how far a policy is."""
        if not self._tasks:
            self._bars.start()
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(name, total=steps)
        self._bars.update(self._tasks[name], completed=done)
