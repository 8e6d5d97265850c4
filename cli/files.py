"""Files that a command is given."""

from pathlib import Path

import typer

from cli.failure import Failure


def read_bytes(file: Path) -> bytes:
    """What a file says; ``-`` is standard input.

    Raises:
        Failure: it cannot be read.
    """
    if str(file) == "-":
        return typer.get_binary_stream("stdin").read()
    try:
        return file.read_bytes()
    except OSError as error:
        raise Failure(f"{file}: {error.strerror}") from None


def write_bytes(file: Path, content: bytes) -> None:
    """Write a file.

    Raises:
        Failure: it cannot be written.
    """
    try:
        file.write_bytes(content)
    except OSError as error:
        raise Failure(f"{file}: {error.strerror}") from None
