"""OCPI libraries for Python, each in an environment of its own, doing the same work as ours."""
