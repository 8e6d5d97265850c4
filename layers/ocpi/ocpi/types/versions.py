"""Versions module: which OCPI versions a platform speaks, and where (version_information_endpoint.asciidoc)."""

from enum import StrEnum

from ocpi.types.primitives import CiText, OcpiModel, OneOrMore, Url


class VersionNumber(StrEnum):
    """OCPI versions; 2.1 and 2.2 are deprecated and not offered (VER-03)."""

    V2_0 = "2.0"
    V2_1 = "2.1"
    V2_1_1 = "2.1.1"
    V2_2 = "2.2"
    V2_2_1 = "2.2.1"


class ModuleID(StrEnum):
    """The modules of OCPI 2.2.1; partners may agree on further ones (VER-10)."""

    CDRS = "cdrs"
    CHARGING_PROFILES = "chargingprofiles"
    COMMANDS = "commands"
    CREDENTIALS = "credentials"
    HUB_CLIENT_INFO = "hubclientinfo"
    LOCATIONS = "locations"
    SESSIONS = "sessions"
    TARIFFS = "tariffs"
    TOKENS = "tokens"


class InterfaceRole(StrEnum):
    """Which interface of a module an endpoint offers."""

    SENDER = "SENDER"
    RECEIVER = "RECEIVER"


class Version(OcpiModel):
    """One version a platform speaks. `version` is open, so that a list with a version of the future can be read."""

    version: CiText
    url: Url


class Endpoint(OcpiModel):
    """Where one interface of one module is. `identifier` is open for custom modules (VER-10)."""

    identifier: CiText
    role: InterfaceRole
    url: Url


class VersionDetails(OcpiModel):
    """All endpoints of one version."""

    version: CiText
    endpoints: OneOrMore[Endpoint]
