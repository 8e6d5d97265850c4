"""The store on moto, and on the local AWS (marked e2e): both have to do alike."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from ocpi.store.lists import Lists
from ocpi.store.objects import Objects
from ocpi.store.partners import Partners
from ocpi.store.sites import Sites


@dataclass(frozen=True)
class Store:
    """The three tables, and a name that no other test uses."""

    partners: Partners
    objects: Objects
    lists: Lists
    sites: Sites
    name: str


@pytest.fixture(params=["moto", pytest.param("local AWS", marks=pytest.mark.e2e)])
def store(request: Any) -> Iterator[Store]:
    name = uuid4().hex
    if request.param == "moto":
        request.getfixturevalue("aws")
        yield Store(Partners("partners"), Objects("objects"), Lists("objects"), Sites("sites"), name)
        return
    outputs = request.getfixturevalue("on_stack").outputs
    tables = (outputs[table] for table in ("PartnersTable", "ObjectsTable", "SitesTable"))
    partners, objects, sites = tables
    yield Store(Partners(partners), Objects(objects), Lists(objects), Sites(sites), name)
