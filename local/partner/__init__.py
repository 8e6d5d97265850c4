"""A simulated partner of any roles: its own process, real OCPI 2.2.1, and faults on demand.

It keeps in memory what it is sent, serves objects of its own, and shares with the platform only the OCPI types, their
JSON and the clock. Who reads it, reads: ``interfaces`` (what its roles offer), ``held`` (what it was sent), ``stock``
(what it has), ``receivers`` and ``senders`` (its two sides), ``results`` and ``pushing`` (what it sends), ``server``.
"""
