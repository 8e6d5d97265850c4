"""Outbox: every committed change comes by here, and whoever has to act on it is told."""
