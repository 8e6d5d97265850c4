"""The energy managers' page in a real browser, on the deployed template, while the car park of the demo charges."""

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from local.aws import PROJECT, local_aws
from local.cpo.__main__ import choose_day
from local.demo.car_park import car_park
from local.demo.processes import DemoError, Options, SimulatedCpo
from local.demo.site_file import SITE_ID
from local.energy import energy_access

pytestmark = pytest.mark.e2e

BEGIN = "12:00"
"""From then on the day passes at a pace that can be watched. Some of those who left before have missed something."""

OPTIONS = Options(
    out=Path(),
    sessions=None,
    day=None,
    limit_kw=16,
    seed=1,
    meter_minutes=5,
    steady=15,
    steady_from=BEGIN,
)
PATIENCE_S = 900


@pytest.fixture(scope="module")
def page_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A link to the page that signs in; the site's morning is over, and its day goes on."""
    options = replace(OPTIONS, out=tmp_path_factory.mktemp("page"))
    day = choose_day(None, None, options.seed)
    with local_aws(state=options.out / "aws", optimize_every="rate(1 minute)") as stack:
        access = energy_access(stack)
        with car_park(stack, options, day) as cpo:
            cpo.go()
            begun = threading.Event()
            threading.Thread(target=_listen, args=(cpo, day.site.zone, begun), daemon=True).start()
            assert begun.wait(PATIENCE_S), "the morning does not end"
            yield access.energy_page


def _listen(cpo: SimulatedCpo, zone: ZoneInfo, begun: threading.Event) -> None:
    """Read all that the operator says, to the end of its day or ours."""

    def on_progress(progress: dict[str, Any]) -> None:
        if f"{datetime.fromisoformat(progress['now']).astimezone(zone):%H:%M}" >= BEGIN:
            begun.set()

    with suppress(DemoError):  # it is ended when the tests are
        cpo.wait_for("done", on_progress)


def test_the_page_is_what_an_energy_manager_needs(page_url: str) -> None:
    chromium = subprocess.run([PROJECT / "local" / "chromium.sh"], capture_output=True, text=True, check=False)
    assert chromium.returncode == 0, chromium.stderr
    pictures = PROJECT / ".local" / "screenshots"
    pictures.mkdir(parents=True, exist_ok=True)
    ran = subprocess.run(
        [shutil.which("node") or "node", "--test", "--test-reporter=spec", "tests/browser/page.mjs"],
        cwd=PROJECT,
        env=os.environ
        | {
            "PAGE_URL": page_url,
            "SITE": SITE_ID,
            "CHROMIUM": chromium.stdout.strip(),
            "SCREENSHOTS": str(pictures),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}"
