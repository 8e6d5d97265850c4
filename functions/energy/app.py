"""Lambda handler of the energy API and of its page."""

import ocpi.starting  # noqa: F401 - before all else
from energy.answers import TEXT_TYPES
from energy.application import application
from energy.settings import Settings
from ocpi.transport.door import lambda_handler

handler = lambda_handler(application(Settings.load()), TEXT_TYPES)
