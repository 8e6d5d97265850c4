"""The forms of the energy managers' page in a real browser: what is typed wrongly, twice, offline or too late.

They run against a platform that is made up, for it can be slow, changed by others, or gone, just when a form is saved.
"""

import os
import subprocess
from pathlib import Path
from shutil import which

import pytest

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parent.parent.parent
SCREENSHOTS = ROOT / ".local" / "screenshots" / "forms"


def test_nothing_that_is_typed_is_lost_and_what_is_wrong_is_told_where_it_is() -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    chromium = subprocess.run(
        [which("bash") or "bash", "local/chromium.sh"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        timeout=300,
    )
    run = subprocess.run(
        [which("node") or "node", "--test", "--test-reporter=spec", "page/test/browser/forms.mjs"],
        cwd=ROOT,
        env=os.environ | {"CHROMIUM": chromium.stdout.strip(), "SCREENSHOTS": str(SCREENSHOTS)},
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stdout + run.stderr
