"""Locations: CPOs push what they have, and partners read what we have."""

from ocpi import starting

starting.begin()
