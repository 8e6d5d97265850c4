"""What ends a command with a line that says what is wrong."""


class Failure(Exception):
    """A command cannot do what it was asked; the message says why and what to do."""
