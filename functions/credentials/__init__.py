"""Credentials: partners register, renew and unregister."""
