"""The platform on the local AWS: the real template, built and deployed by sam."""

from collections.abc import Iterator

import pytest

from local.aws import Stack, local_aws


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A deployed platform; the Scheduler looks at every site each minute."""
    with local_aws(state=tmp_path_factory.mktemp("aws"), optimize_every="rate(1 minute)") as stack:
        yield stack
