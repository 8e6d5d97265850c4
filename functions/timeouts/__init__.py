"""Timeouts: what is to be done later: ends overdue requests and expired reservations, wakes partners."""
