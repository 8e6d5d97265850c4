"""Versions: which OCPI versions we speak and where each module is."""
