"""OCPI status codes, and the error that carries one (status_codes.asciidoc, STA-01 to STA-18)."""

from enum import IntEnum


class StatusCode(IntEnum):
    """The status codes that a party sends; 4xxx are for hubs only (STA-18)."""

    SUCCESS = 1000
    CLIENT_ERROR = 2000
    INVALID_PARAMETERS = 2001
    NOT_ENOUGH_INFORMATION = 2002
    UNKNOWN_LOCATION = 2003
    UNKNOWN_TOKEN = 2004
    SERVER_ERROR = 3000
    UNABLE_TO_USE_API = 3001
    UNSUPPORTED_VERSION = 3002
    NO_MATCHING_ENDPOINTS = 3003


LONGEST_MESSAGE = 4_000


class OcpiError(Exception):
    """What went wrong with a request, as its sender is told: printable and bounded, whatever the message quotes.

    Valid requests to existing resources are answered with HTTP 200 whatever the status code (STA-02); the few
    exceptions name their `http_status`. An error may carry `data` too (CMD-10).
    """

    def __init__(self, status_code: StatusCode, message: str, http_status: int = 200, data: object = None) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.message = "".join(c if c.isprintable() else "\ufffd" for c in message[:LONGEST_MESSAGE])
        self.http_status = http_status
        self.data = data


def invalid(message: str) -> OcpiError:
    """A parameter or field is missing or wrong (STA-10)."""
    return OcpiError(StatusCode.INVALID_PARAMETERS, message)


def not_json(message: str) -> OcpiError:
    """The body is not JSON (STA-01)."""
    return OcpiError(StatusCode.CLIENT_ERROR, f"the body is not valid JSON: {message}", 400)


def unauthorized() -> OcpiError:
    """No token, or one that does not open this door (TRA-05, TRA-06)."""
    return OcpiError(
        StatusCode.CLIENT_ERROR,
        "the Authorization header must be 'Token ' and a valid credentials token in Base64",
        401,
    )


def unknown(what: str, status_code: StatusCode = StatusCode.CLIENT_ERROR) -> OcpiError:
    """There is no such object (STA-03)."""
    return OcpiError(status_code, f"unknown {what}", 404)


def method_not_allowed(message: str) -> OcpiError:
    """The method is not offered here, or not in this state (TRA-14, CRE-08 to CRE-10)."""
    return OcpiError(StatusCode.CLIENT_ERROR, message, 405)
