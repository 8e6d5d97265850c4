"""template.yaml for all tests of this folder."""

import pytest

from tests.template.expanded import Template, expand


@pytest.fixture(scope="session")
def template() -> Template:
    """template.yaml, expanded."""
    return expand()
