"""The partners of the API tests serve here too."""

from tests.functions.conftest import connect, connection, handshake, partner, register

__all__ = ["connect", "connection", "handshake", "partner", "register"]
