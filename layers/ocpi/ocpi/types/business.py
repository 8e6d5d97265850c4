"""Who runs or owns something, as Locations and credentials tell it (mod_locations.asciidoc)."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from ocpi.types.primitives import CiText, Integer, OcpiModel, Text, Url


class ImageCategory(StrEnum):
    """What an image shows."""

    CHARGER = "CHARGER"
    ENTRANCE = "ENTRANCE"
    LOCATION = "LOCATION"
    NETWORK = "NETWORK"
    OPERATOR = "OPERATOR"
    OTHER = "OTHER"
    OWNER = "OWNER"


class Image(OcpiModel):
    """A picture by its URL (LOC-42)."""

    url: Url
    thumbnail: Url | None = None
    category: ImageCategory
    type: Annotated[CiText, Field(max_length=4)]
    width: Annotated[Integer, Field(ge=0, le=99999)] | None = None
    height: Annotated[Integer, Field(ge=0, le=99999)] | None = None


class BusinessDetails(OcpiModel):
    """Who runs or owns something."""

    name: Annotated[Text, Field(max_length=100)]
    website: Url | None = None
    logo: Image | None = None
