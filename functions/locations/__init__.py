"""Locations: CPOs push what they have, and partners read what we have."""
