"""The exchange log as CloudWatch gets it: the lines that functions write at the usual level."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any

from ocpi.logs import logger


class Log(StringIO):
    """What has been logged."""

    @property
    def lines(self) -> list[str]:
        """Each line, as it stands in the log group."""
        return self.getvalue().splitlines()

    @property
    def exchanges(self) -> list[dict[str, Any]]:
        """What is told of each exchange, in the order of their ends."""
        logged = (json.loads(line) for line in self.lines)
        return [line["exchange"] for line in logged if line["message"] == "exchange"]


@contextmanager
def logging_exchanges() -> Iterator[Log]:
    """Log at the usual level, and keep it."""
    handler, log = logger.registered_handler, Log()
    assert isinstance(handler, logging.StreamHandler)
    usual = logger.log_level, handler.setStream(log)
    logger.setLevel(logging.INFO)
    try:
        yield log
    finally:
        logger.setLevel(usual[0])
        handler.setStream(usual[1])
