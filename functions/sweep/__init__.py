"""Sweep: what comes round, and finds what was forgotten."""
