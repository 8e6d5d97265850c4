"""The partners of the API tests serve here too."""

from tests.functions.conftest import connection, handshake, partner

__all__ = ["connection", "handshake", "partner"]
