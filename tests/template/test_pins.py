"""What is deployed is what was tested, to the version and the byte."""

import re
from pathlib import Path

import pytest

from tests.template.expanded import PROJECT

PINNED = sorted([*PROJECT.glob("requirements/*.txt"), *PROJECT.glob("layers/*/requirements.txt")])


def _pins(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", path.read_text(), re.MULTILINE))


@pytest.mark.parametrize("layer", ["ocpi", "solver"])
def test_a_layer_holds_the_versions_that_the_tests_run_with(layer: str) -> None:
    tested, deployed = _pins(PROJECT / "requirements/dev.txt"), _pins(PROJECT / f"layers/{layer}/requirements.txt")
    assert deployed
    assert deployed.items() <= tested.items()


def test_no_package_is_in_both_layers() -> None:
    ocpi, solver = (_pins(PROJECT / f"layers/{layer}/requirements.txt") for layer in ("ocpi", "solver"))
    assert not ocpi.keys() & solver.keys()


@pytest.mark.parametrize("path", PINNED, ids=lambda path: str(path.relative_to(PROJECT)))
def test_every_package_is_pinned_by_hash_and_no_registry_is_named(path: Path) -> None:
    packages = re.split(r"^(?=[A-Za-z0-9])", path.read_text(), flags=re.MULTILINE)[1:]
    assert packages
    for package in packages:
        assert "--hash=sha256:" in package
        assert "://" not in package
