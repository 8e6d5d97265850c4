"""``make convergence``: hundreds of stories of two platforms, each told to its end."""

import argparse
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from rich.console import Console
from rich.progress import track

import tests.conftest  # noqa: F401 - the settings of functions, before they are imported
from tests.delivery.shrinking import shrunk
from tests.delivery.stories import Figures, NotConverged, Story, Telling


def main() -> int:
    """Tell the stories on all processors; a story that ends badly is shown, and told shorter."""
    parser = argparse.ArgumentParser(prog="tests.delivery", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many stories (default: 200)")
    parser.add_argument("--first", type=int, default=0, help="the first seed (default: 0)")
    parser.add_argument("--changes", type=int, default=2000, help="changes in each (default: 2000)")
    asked = parser.parse_args()
    console = Console()
    seeds = range(asked.first, asked.first + asked.seeds)
    told: list[Figures] = []
    with ProcessPoolExecutor(os.cpu_count()) as processes:
        results = processes.map(partial(tell, asked.changes), seeds)
        for seed, result in zip(track(seeds, "Stories", console=console), results, strict=True):
            if isinstance(result, str):
                console.print(f"[red]seed {seed} ends badly:[/red]\n{result}", highlight=False)
            else:
                told.append(result)
    if told:
        console.print(summary(told), highlight=False)
    return int(len(told) < len(seeds))


def tell(changes: int, seed: int) -> Figures | str:
    """What a story has cost; or what is wrong in its end, and the shortest story like it that was found."""
    story = Story.drawn(seed, changes)
    try:
        return Telling(story).run()
    except NotConverged as error:
        return f"{error}\n{shrunk(story)}"
    except Exception as error:
        error.add_note(f"in the story with the seed {seed}")
        raise


def summary(told: Sequence[Figures]) -> str:
    """What stories have cost together."""
    changes, requests, faults = (
        sum(getattr(each, name) for each in told) for name in ("changes", "requests", "faults")
    )
    return (
        f"{len(told)} stories converged: {changes} changes that the partner was to hear of, {requests} requests that "
        f"met no fault, {faults} that met one, {sum(each.accidents for each in told)} functions that died or failed; "
        f"{(requests + faults) / changes:.2f} requests a change, {max(each.per_change for each in told):.2f} at most; "
        f"all was well {max(each.settled_s for each in told):.0f} s after the last fault at the latest"
    )


if __name__ == "__main__":
    raise SystemExit(main())
