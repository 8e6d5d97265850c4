"""The checks, one module per subject; importing this package registers them all, in the order in which they run."""

from cli.check.registry import CHECKS
from cli.check.rules import (
    answers,
    authorization,
    cdrs,
    chargingprofiles,
    commands,
    contents,
    credentials,
    hubclientinfo,
    lists,
    locations,
    pushes,
    registration,
    senders,
    sessions,
    tariffs,
    tokens,
    versions,
)

__all__ = [
    "CHECKS",
    "answers",
    "authorization",
    "cdrs",
    "chargingprofiles",
    "commands",
    "contents",
    "credentials",
    "hubclientinfo",
    "lists",
    "locations",
    "pushes",
    "registration",
    "senders",
    "sessions",
    "tariffs",
    "tokens",
    "versions",
]
