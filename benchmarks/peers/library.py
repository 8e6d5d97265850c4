"""What a worker measures of a peer: its own application with its own store, behind Mangum.

The three peers are of one family and are used in one way, that of their documentation: a class that answers `get`,
`list`, `create` and `update` from a dict, an adapter that makes their model of it, and a list of the tokens that are
let in. It runs in the peer's environment, so of ours it knows what is in `benchmarks` only.
"""

import inspect
from importlib import import_module
from typing import Any

from mangum import Mangum

from benchmarks.location import location
from benchmarks.requests import TOKEN
from benchmarks.subject import Subject

STORED = 100
"""Locations in its store."""


class Dict:
    """The store: Locations by their ids, in lower case as the peers' CiStrings are."""

    def __init__(self) -> None:
        locations = [location(number) for number in range(STORED)]
        self._locations = {document["id"].lower(): document for document in locations}

    async def get(self, _module: Any, _role: Any, id_: str, *_: Any, **__: Any) -> Any:
        """One Location, or None."""
        return self._locations.get(id_.lower())

    async def list(self, _module: Any, _role: Any, filters: dict[str, Any], *_: Any, **__: Any) -> Any:
        """A page, how many there are, and whether the page is the last."""
        offset, end = filters["offset"], filters["offset"] + filters["limit"]
        everything = list(self._locations.values())
        return everything[offset:end], len(everything), end >= len(everything)

    async def create(self, _module: Any, _role: Any, data: dict[str, Any], *_: Any, **__: Any) -> Any:
        """Store a new Location."""
        self._locations[data["id"].lower()] = data
        return data

    async def update(self, _module: Any, _role: Any, data: dict[str, Any], id_: str, *_: Any, **__: Any) -> Any:
        """Replace a Location."""
        self._locations[id_.lower()] = data
        return data


def subject(package: str) -> Subject:
    """The application of the peer that is imported as `package`: Locations of OCPI 2.2.1, for a CPO and an eMSP."""
    library = import_module(package)
    enums = import_module(f"{package}.core.enums")
    versions = import_module(f"{package}.modules.versions.enums")
    model = import_module(f"{package}.modules.locations.v_2_2_1.schemas").Location

    class Adapter:
        @classmethod
        def location_adapter(cls, data: dict[str, Any], *_: Any) -> Any:
            return model(**data)

    roles = [enums.RoleEnum.cpo, enums.RoleEnum.emsp]
    optional: dict[str, Any] = {"modules": [enums.ModuleID.locations]}
    parameters = inspect.signature(library.get_application).parameters
    # The oldest of the family mounts every module and checks no token.
    if "authenticator" in parameters:
        optional["authenticator"] = _authenticator(package)
    given = {name: value for name, value in optional.items() if name in parameters}
    app = library.get_application(
        version_numbers=[versions.VersionNumber.v_2_2_1], roles=roles, crud=Dict(), adapter=Adapter, **given
    )
    return Subject(Mangum(app, lifespan="off"))


def _authenticator(package: str) -> type:
    base: Any = import_module(f"{package}.core.authentication.authenticator").Authenticator

    class Tokens(base):  # type: ignore[misc]  # the peer's, which is not in our environment
        @classmethod
        async def get_valid_token_c(cls) -> list[str]:
            return [TOKEN]

        @classmethod
        async def get_valid_token_a(cls) -> list[str]:
            return []

    return Tokens
