"""Lambda handler of the owner API."""

from owner.application import lambda_handler
from owner.settings import Settings

handler = lambda_handler(Settings.load())
