"""OCPI 2.2.1 objects as pydantic models, one module per OCPI module, and what they share."""
