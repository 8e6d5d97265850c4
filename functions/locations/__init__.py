"""Locations, receiver interface: CPOs push what they have."""
