"""How long AWS may take: a function that waits on a dead connection would be killed before it could try another."""

from botocore.config import Config

LIMITS = Config(connect_timeout=2, read_timeout=5)
"""For every client; in seconds."""
