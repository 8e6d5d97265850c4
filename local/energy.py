"""A way into the energy API of the local AWS: a token that may do everything, and the page's link with it."""

import base64
import json
import urllib.request
from dataclasses import asdict, dataclass
from urllib.parse import urlencode

import boto3

from local.aws import Stack
from local.demo.processes import ocpi

SCOPES = ("energy/read", "energy/control", "energy/signal")
RIGHTS = ("read", "control", "signal")


@dataclass(frozen=True)
class EnergyAccess:
    """Where the API and the page are, and a token for both that is good for a day."""

    energy_url: str
    energy_token: str
    energy_page: str
    """A link that signs in whoever opens it."""

    def as_dict(self) -> dict[str, str]:
        """For stack.json."""
        return asdict(self)


def energy_access(stack: Stack) -> EnergyAccess:
    """Let the client of the local AWS see, change and curtail every site, and get a token for it.

    Raises:
        DemoError: it could not be granted anything.
    """
    outputs = stack.outputs
    client_id = outputs["EnergyLocalClientId"]
    ocpi(stack, "access", "grant", client_id, "*", *RIGHTS)
    token = _token(stack, client_id)
    return EnergyAccess(
        energy_url=outputs["EnergyUrl"],
        energy_token=token,
        energy_page=f"{outputs['EnergyPageUrl']}#{urlencode({'token': token})}",
    )


def _token(stack: Stack, client_id: str) -> str:
    """As a machine gets one: with its client's id and secret."""
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=stack.region)
    cognito = session.client("cognito-idp", endpoint_url=stack.aws_endpoint_url)
    client = cognito.describe_user_pool_client(UserPoolId=stack.outputs["EnergyUserPoolId"], ClientId=client_id)
    secret = client["UserPoolClient"]["ClientSecret"]
    basic = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
    request = urllib.request.Request(  # noqa: S310 - the local AWS
        stack.outputs["EnergyTokenUrl"],
        urlencode({"grant_type": "client_credentials", "scope": " ".join(SCOPES)}).encode(),
        {"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"},
    )
    with _direct.open(request, timeout=10) as answer:
        return str(json.load(answer)["access_token"])


_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
