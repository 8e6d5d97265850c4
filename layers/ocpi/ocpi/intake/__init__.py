"""What comes in is checked and stored by the same rules, be it from a partner or from our own backend.

A partner's objects are taken as OCPI asks of a receiver. Ours have to be such that we may send them to anyone.
"""
