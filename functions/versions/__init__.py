"""Versions: which OCPI versions we speak and where each module is."""

from ocpi import starting

starting.begin()
