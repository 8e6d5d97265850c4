"""The local AWS for a developer: ``make local``, or ``python -m local.up [ROLES]``."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from local.aws import PROJECT, LocalAwsError, Step, local_aws, stay, stop_on_sigterm, write_privately
from local.demo.processes import DemoError
from local.energy import EnergyAccess, energy_access
from local.roles import DEFAULT, roles_json


def up(roles: str) -> None:
    """Keep a local AWS up until Ctrl-C or SIGTERM."""
    stop_on_sigterm()
    with _shown_steps() as on_step, local_aws(roles=roles, on_step=on_step) as stack:
        access = energy_access(stack)
        _announce(access)
        on_step(None)
        print(f"versions_url {stack.versions_url}")
        for name, value in access.as_dict().items():
            print(name, value)
        print("export", *(f"{name}={value}" for name, value in stack.environment.items()))
        print(f"The log is {stack.log}. Ctrl-C stops it all.", flush=True)
        with suppress(KeyboardInterrupt):
            stay(stack)


def _announce(access: EnergyAccess) -> None:
    """Add to stack.json how to get into the energy API."""
    place = PROJECT / ".local" / "stack.json"
    write_privately(place, json.dumps(json.loads(place.read_text()) | access.as_dict(), indent=2))


@contextmanager
def _shown_steps() -> Iterator[Callable[[Step | None], None]]:
    """Show each step with the time it takes; None is the end of the last."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda step: console.print(step or "Ready")
        return
    columns = (SpinnerColumn(finished_text="✓"), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:

        def show(step: Step | None) -> None:
            for task in progress.task_ids:
                progress.update(task, total=1, completed=1)
            if step is None:
                progress.stop()
            else:
                progress.add_task(step, total=None)

        yield show


def main() -> None:
    """Read the arguments, and keep it up."""
    parser = argparse.ArgumentParser(prog="make local")
    parser.add_argument("roles", nargs="?", default=DEFAULT, help="such as 'CPO EMSP:NL/TNM'")
    arguments = parser.parse_args()
    try:
        roles_json(arguments.roles)
        up(arguments.roles)
    except (LocalAwsError, DemoError, ValueError) as error:
        sys.exit(f"make local: {error}")
    except KeyboardInterrupt:
        sys.exit("make local: interrupted before it was ready. Nothing is left running; run make local again.")


if __name__ == "__main__":
    main()
