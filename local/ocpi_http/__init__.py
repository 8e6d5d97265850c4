"""OCPI over HTTP as the simulated parties speak it: client, registration, server, faults, and how they are controlled.

It shares with the platform only the OCPI types, their JSON and the clock, so that a mistake of the platform is not
made twice.
"""
