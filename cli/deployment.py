"""The deployment that a command works on: a CloudFormation stack, found by the usual AWS settings."""

import getpass
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import TypeAdapter

from cli.failure import Failure
from cli.local_aws import is_local, prefer_local_aws
from ocpi.aws import LIMITS
from ocpi.energy.desk import Desk
from ocpi.energy.looking import Looking
from ocpi.energy.signal_desk import SignalDesk
from ocpi.energy.writing import Writing
from ocpi.parties.calling import Calling
from ocpi.parties.handshake import Handshake
from ocpi.parties.own import OwnPlatform
from ocpi.parties.pull import Pulling
from ocpi.parties.secrets import Hasher, Safe
from ocpi.push.breaker import Breakers
from ocpi.push.deliveries import Deliveries
from ocpi.push.due import DueObjects
from ocpi.push.health import Healths
from ocpi.push.queue import FifoQueue
from ocpi.push.waking import Waking
from ocpi.store.grants import Grants
from ocpi.store.ledgers import Ledgers
from ocpi.store.lists import Lists
from ocpi.store.objects import Objects
from ocpi.store.partner import Partner, partner_id
from ocpi.store.partners import Partners
from ocpi.store.pulls import Pulls
from ocpi.store.series import SeriesStore
from ocpi.store.sites import Sites
from ocpi.types.credentials import CredentialsRole

NEEDED = {
    "ObjectsTable",
    "PartnersTable",
    "SitesTable",
    "DeliveriesTable",
    "PushQueueUrl",
    "OptimizeQueueUrl",
    "TimeoutQueueUrl",
    "PullQueueUrl",
    "PushDeadLettersUrl",
    "OptimizeDeadLettersUrl",
    "TimeoutDeadLettersUrl",
    "PullDeadLettersUrl",
    "OutboxDeadLettersUrl",
    "OutboxFunctionName",
    "PublicBaseUrl",
    "Roles",
    "TokenKeyId",
    "TokenPepperSecretId",
    "AllowPrivatePartners",
}
"""The outputs of template.yaml that commands use."""


class DeploymentError(Exception):
    """There is no deployment to work on; the message says what to do."""


@dataclass(frozen=True)
class Deployment:
    """The outputs of the stack, and what is built on them."""

    outputs: Mapping[str, str]
    name: str = "ocpi"

    @classmethod
    def find(cls, stack: str) -> "Deployment":
        """The deployment called `stack`.

        Raises:
            DeploymentError: no AWS settings, no such stack, or AWS cannot be reached.
            Failure: two local AWS run in this folder, and nobody says which is meant.
        """
        prefer_local_aws()
        try:
            stacks = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        except ClientError as error:
            message = error.response["Error"]["Message"]
            raise DeploymentError(f"stack {stack!r}: {message}; deploy it, or name another with --stack") from None
        except BotoCoreError as error:
            raise DeploymentError(
                f"{error}; set the usual AWS variables, or start a local AWS with 'make local' or 'make live'"
            ) from None
        outputs = {output["OutputKey"]: output["OutputValue"] for output in stacks[0].get("Outputs", [])}
        if not outputs.keys() >= NEEDED:
            raise DeploymentError(
                f"stack {stack!r} is no OCPI Serverless, or not deployed yet, or from an earlier version; deploy it, "
                "or name another with --stack"
            )
        return cls(outputs, stack)

    def log_groups(self) -> list[str]:
        """The names of the stack's log groups."""
        pages = boto3.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=self.name)
        resources = (resource for page in pages for resource in page["StackResourceSummaries"])
        return [each["PhysicalResourceId"] for each in resources if each["ResourceType"] == "AWS::Logs::LogGroup"]

    @cached_property
    def partners(self) -> Partners:
        """The partners."""
        return Partners(self.outputs["PartnersTable"])

    def partner(self, name: str) -> Partner:
        """The partner with this name or id.

        Raises:
            Failure: there is none.
        """
        partner = self.partners.get(partner_id(name))
        if partner is None:
            raise Failure(f"there is no partner {name!r}; 'ocpi partner list' shows all")
        return partner

    @cached_property
    def sites(self) -> Sites:
        """The sites."""
        return Sites(self.outputs["SitesTable"])

    @cached_property
    def ledgers(self) -> Ledgers:
        """What is on record of sites."""
        return Ledgers(self.outputs["SitesTable"])

    @cached_property
    def series(self) -> SeriesStore:
        """Prices, base load and solar power of sites over time."""
        return SeriesStore(self.outputs["SitesTable"])

    @cached_property
    def grants(self) -> Grants:
        """Who may do what at which site."""
        return Grants(self.outputs["SitesTable"])

    @cached_property
    def desk(self) -> Desk:
        """Where sites are edited."""
        return Desk(self._writing, self.series, self.partners, Objects(self.outputs["ObjectsTable"]))

    @cached_property
    def signal_desk(self) -> SignalDesk:
        """Where sites are curtailed."""
        return SignalDesk(self._writing, self.series)

    @property
    def _writing(self) -> Writing:
        return Writing(self.sites, self.ledgers, FifoQueue(self.outputs["OptimizeQueueUrl"]))

    @cached_property
    def looking(self) -> Looking:
        """Where sites are looked at."""
        objects = Objects(self.outputs["ObjectsTable"])
        return Looking(self.sites, objects, self.series, self.ledgers, self.breakers)

    @cached_property
    def author(self) -> str:
        """Who works with the deployment: the AWS identity, or on the local AWS, which knows none, the user."""
        if is_local():
            return f"{getpass.getuser()}@{socket.gethostname()}"
        return str(boto3.client("sts", config=LIMITS).get_caller_identity()["Arn"]).rpartition(":")[2]

    @cached_property
    def lists(self) -> Lists:
        """The lists of objects."""
        return Lists(self.outputs["ObjectsTable"])

    @cached_property
    def pulls(self) -> Pulls:
        """When the lists of partners were pulled."""
        return Pulls(self.outputs["DeliveriesTable"])

    @cached_property
    def due(self) -> DueObjects:
        """What partners are to hear of, and what they did not take."""
        return DueObjects(self.outputs["DeliveriesTable"])

    @cached_property
    def deliveries(self) -> Deliveries:
        """What partners were sent."""
        return Deliveries(self.outputs["DeliveriesTable"])

    @cached_property
    def breakers(self) -> Breakers:
        """Whether partners are sent anything."""
        return Breakers(self.outputs["DeliveriesTable"])

    @cached_property
    def healths(self) -> Healths:
        """How sending goes."""
        return Healths(self.outputs["DeliveriesTable"])

    def wake(self, partner_id: str) -> None:
        """Have a partner sent what is due.

        Raises:
            NotSent: the queue does not take it; the sweep does it in some minutes.
        """
        Waking(self.outputs["DeliveriesTable"], FifoQueue(self.outputs["PushQueueUrl"])).wake([partner_id])

    @cached_property
    def own(self) -> OwnPlatform:
        """How partners reach the platform."""
        roles = TypeAdapter(tuple[CredentialsRole, ...]).validate_json(self.outputs["Roles"])
        return OwnPlatform(self.outputs["PublicBaseUrl"], roles)

    @cached_property
    def handshake(self) -> Handshake:
        """What connects partners."""
        return Handshake(
            own=self.own,
            partners=self.partners,
            hasher=Hasher(self.outputs["TokenPepperSecretId"]),
            safe=Safe(self.outputs["TokenKeyId"]),
            allow_private=self._allow_private,
        )

    @cached_property
    def pulling(self) -> Pulling:
        """What gets the lists of partners."""
        objects = Objects(self.outputs["ObjectsTable"])
        calling = Calling(Safe(self.outputs["TokenKeyId"]), self._allow_private, objects)
        return Pulling(self.own, objects, self.lists, self.pulls, calling)

    @property
    def _allow_private(self) -> bool:
        return self.outputs["AllowPrivatePartners"] == "true"
