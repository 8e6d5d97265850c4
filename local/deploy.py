"""``make deploy``: build and deploy to a real AWS account, by the usual AWS settings."""

import subprocess
import sys
from os import environ

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from local import sam
from local.aws import PROJECT


def main() -> None:
    """Deploy; what follows the module's name on the command line goes to ``sam deploy``."""
    try:
        boto3.client("sts", region_name=environ.get("AWS_REGION", "us-east-1")).get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"make deploy: no AWS account is reached ({error}): set AWS_PROFILE, or run `aws sso login`")
    try:
        sam.build(PROJECT, PROJECT / ".local" / "logs" / "build.log")
        code = subprocess.call(
            [sam.program(PROJECT), "deploy", *sys.argv[1:]],
            cwd=PROJECT,
            env={**environ, **sam.tools(PROJECT)},
        )
    except sam.SamError as error:
        sys.exit(f"make deploy: {error}")
    except KeyboardInterrupt:
        sys.exit(
            "make deploy: interrupted here, but CloudFormation goes on with what it was told. Wait until the "
            "stack's status ends in _COMPLETE, then run make deploy again."
        )
    if code:
        sys.exit(
            "make deploy: not deployed, see above; what failed is rolled back. If the stack is _IN_PROGRESS, "
            "wait until it is not, then run make deploy again."
        )


if __name__ == "__main__":
    main()
