"""Timeouts: ends requests that are overdue, and reservations that have expired."""
