"""Credentials: partners register, renew and unregister."""

from ocpi import starting

starting.begin()
