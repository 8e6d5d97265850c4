"""The structured log of every function. Tokens are never logged: nothing here is given a header or a body."""

from aws_lambda_powertools import Logger

logger = Logger()
