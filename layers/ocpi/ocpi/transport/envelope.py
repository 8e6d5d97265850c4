"""The response envelope that surrounds every OCPI answer (TRA-10 to TRA-13)."""

from collections.abc import Iterable, Mapping

from starlette.responses import Response

from ocpi import clock, wire
from ocpi.transport.status import OcpiError, StatusCode
from ocpi.types.primitives import format_datetime


class OcpiResponse(Response):
    """An HTTP response holding the OCPI envelope."""

    media_type = "application/json"


def success(data: object = None, *, http_status: int = 200) -> OcpiResponse:
    """Answer with status code 1000; `data` is left out where there is none (TRA-12)."""
    return stored(wire.dumps(data) if data is not None else None, http_status=http_status)


def stored(data: bytes | None, *, http_status: int = 200) -> OcpiResponse:
    """Answer with `data` that is JSON already, as the store keeps it: it is spliced in, not parsed again."""
    content = b"" if data is None else b'"data":' + data + b","
    ending = b'"status_code":1000,"timestamp":"' + format_datetime(clock.now()).encode() + b'"}'
    return OcpiResponse(b"{" + content + ending, http_status)


def stored_list(documents: Iterable[str], headers: Mapping[str, str]) -> OcpiResponse:
    """Answer with a list of JSON texts, as the store keeps them."""
    answer = stored(f"[{','.join(documents)}]".encode())
    answer.headers.update(headers)
    return answer


def failure(error: OcpiError, *, headers: Mapping[str, str] | None = None) -> OcpiResponse:
    """Answer with what went wrong; `data` is left out where the error carries none."""
    envelope = {"status_code": int(error.status_code), "status_message": error.message, "timestamp": clock.now()}
    if error.data is not None:
        envelope["data"] = error.data
    return OcpiResponse(wire.dumps(envelope), error.http_status, headers)


INTERNAL_ERROR = OcpiError(StatusCode.SERVER_ERROR, "an internal error; it has been logged under this X-Request-ID")
"""What a partner hears when our own code fails (STA-14): nothing about the inside."""
