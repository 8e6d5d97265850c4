"""The envelope of every OCPI answer, as an object (transport_and_format.asciidoc, TRA-10, TRA-11)."""

from typing import Annotated

from pydantic import Field

from ocpi.types.primitives import DateTime, Integer, OcpiModel, Text


class Response(OcpiModel):
    """`data` is a list, an object, a string or absent, depending on the endpoint; `status_code` has four digits."""

    data: object = None
    status_code: Annotated[Integer, Field(ge=1000, le=9999)]
    status_message: Text | None = None
    timestamp: DateTime
