"""Lambda handler of the owner API."""

import ocpi.starting  # noqa: F401 - before all else
from ocpi.transport.describing import JSON_TYPE
from ocpi.transport.door import lambda_handler
from owner.answers import PROBLEM_TYPE
from owner.application import application
from owner.settings import Settings

handler = lambda_handler(application(Settings.load()), (JSON_TYPE, PROBLEM_TYPE))
