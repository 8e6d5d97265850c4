"""What the demo shows while it runs: each step with its time, the day with load against limit."""

import time
from datetime import datetime
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table


class Show:
    """Progress bars on a terminal; plain lines where nobody watches."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars = Progress(
            SpinnerColumn(finished_text="[green]✓"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}"),
            console=console,
            disable=not console.is_terminal,
        )
        self._task: TaskID | None = None
        self._hour: int | None = None
        self._began = time.monotonic()

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def step(self, description: str, total: float | None = None) -> None:
        """The step before is done, this one begins."""
        self.done()
        self._task = self._bars.add_task(description, total=total, note="")
        if not self._console.is_terminal:
            self._console.print(f"[{time.monotonic() - self._began:5.0f} s] {description}", markup=False)

    def done(self) -> None:
        """The step is done."""
        if self._task is not None:
            total = self._bars.tasks[self._task].total or 1
            self._bars.update(self._task, total=total, completed=total)
        self._task = None

    def day(self, now: datetime, share: float, load_kw: float, limit_kw: float, cars: int) -> None:
        """How far the simulated day is: `now` in local time, `share` of it done."""
        if self._task is None:
            return
        note = f"{now:%a %H:%M}  {_gauge(load_kw, limit_kw)} {load_kw:5.1f} of {limit_kw:.1f} kW  {cars} cars"
        self._bars.update(self._task, completed=share * 100, note=note)
        if not self._console.is_terminal and now.hour != self._hour:
            self._hour = now.hour
            self._console.print(f"[{time.monotonic() - self._began:5.0f} s]   {note}", markup=False)


def _gauge(load_kw: float, limit_kw: float, width: int = 10) -> str:
    full = 0 if limit_kw <= 0 else min(width, round(load_kw / limit_kw * width))
    return "▮" * full + "▯" * (width - full)


def table(title: str, rows: list[tuple[str, str]]) -> Table:
    """The figures at the end."""
    made = Table(title=title, title_justify="left", show_header=False, box=None, padding=(0, 2))
    made.add_column(style="dim")
    made.add_column(justify="right")
    for label, value in rows:
        made.add_row(label, value)
    return made
