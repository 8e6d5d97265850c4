"""Tariffs: those of CPOs come in and are kept, ours are listed."""
