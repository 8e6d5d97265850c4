"""A simulated charge point operator: its own process, real OCPI 2.2.1, cars that charge by simple physics.

It shares with the platform only the OCPI types, their JSON and the clock. Who reads it, reads: ``site`` (its
EVSEs), ``sessions`` (who comes when), ``cars`` and ``plant`` (what they draw), ``meter`` (whether that was
allowed), ``registration``, ``ocpi_server`` and ``ocpi_client`` (its OCPI side), ``pace`` (simulated time),
``world`` (the day).
"""
