"""The structured log of every function.

Headers are never logged. Bodies are in the exchange log alone, masked (:mod:`ocpi.transport.exchanges`).
"""

from aws_lambda_powertools import Logger

logger = Logger()
