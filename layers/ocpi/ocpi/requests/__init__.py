"""Requests that are concluded later: asking partners, and answering what they asked."""
