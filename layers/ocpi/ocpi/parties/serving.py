"""What the functions that serve objects have in common: on what they work, and how they answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from fastapi import APIRouter

from ocpi.parties.access import Access
from ocpi.parties.listing import Listing
from ocpi.parties.mounting import module_handler
from ocpi.parties.own import OwnPlatform
from ocpi.parties.secrets import Hasher
from ocpi.settings import ObjectSettings
from ocpi.store.keys import ObjectId
from ocpi.store.lists import Lists
from ocpi.store.objects import Objects, Outcome
from ocpi.store.partners import Partners
from ocpi.transport.door import LambdaHandler
from ocpi.transport.envelope import OcpiResponse, stored, success
from ocpi.transport.status import unknown
from ocpi.types.versions import InterfaceRole, ModuleID


@dataclass(frozen=True)
class Serving:
    """What a function that serves the objects of one module works on."""

    module: ModuleID
    own: OwnPlatform
    access: Access
    objects: Objects
    listing: Listing

    @classmethod
    def of(cls, module: ModuleID, settings: ObjectSettings) -> Self:
        """On the tables that `settings` name."""
        hasher = Hasher(settings.token_pepper_secret_id)
        return cls(
            module=module,
            own=OwnPlatform(settings.public_base_url, settings.roles),
            access=Access(Partners(settings.partners_table), hasher),
            objects=Objects(settings.objects_table),
            listing=Listing(Lists(settings.objects_table), hasher),
        )

    def url(self, role: InterfaceRole) -> str:
        """Where partners find an interface of the module."""
        return self.own.url(self.module, role)

    def handler(self, interfaces: Mapping[InterfaceRole, APIRouter]) -> LambdaHandler:
        """The Lambda handler with these routes."""
        return module_handler(self.module, interfaces, self.own, self.access)


def read(objects: Objects, object_id: ObjectId, what: str) -> OcpiResponse:
    """Answer with a stored object.

    Raises:
        OcpiError: HTTP 404 if there is none, or its owner lists it no more (TAR-02); `what` kind of object it would
            be (STA-03).
    """
    known = objects.get(object_id)
    if known is None or not known.listed:
        raise unknown(f"{what} {object_id.id}")
    return stored(known.document)


def written(outcome: Outcome) -> OcpiResponse:
    """The answer to a PUT: 201 for an object that was not there before (STA-05)."""
    return success(http_status=201 if outcome is Outcome.CREATED else 200)
