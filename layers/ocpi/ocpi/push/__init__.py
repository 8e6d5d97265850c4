"""Queues between the functions: what has to be done, as pointers to the state to do it from."""
