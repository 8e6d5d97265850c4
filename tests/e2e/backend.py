"""The backend of a team that runs a platform: it feeds it by the owner API, and hears of it by EventBridge and SQS."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from local.aws import Stack


@dataclass
class Backend:
    """Knows AWS, the owner API and OCPI's objects, and nothing of this code."""

    stack: Stack

    def call(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """The HTTP status and the JSON of an answer of the owner API."""
        url = self.stack.outputs["OwnerUrl"] + path
        data = None if body is None else json.dumps(body).encode()
        signed = AWSRequest(method, url, {"Content-Type": "application/json"}, data)
        credentials = self._session.get_credentials()
        assert credentials
        SigV4Auth(credentials, "execute-api", self._session.region_name).add_auth(signed)
        request = urllib.request.Request(url, data, dict(signed.headers), method=method)  # noqa: S310 - 127.0.0.1
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
                return answer.status, json.loads(answer.read() or "null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or "null")

    def done(self, method: str, path: str, body: object = None) -> Any:
        """The JSON of an answer that must be a success."""
        status, answer = self.call(method, path, body)
        assert status < 300, (method, path, status, answer)
        return answer

    def event(self, detail_type: str, **detail: object) -> dict[str, Any] | None:
        """The first event so far of a type and with these details."""
        self._receive()
        for event in self._events:
            if event["detail-type"] == detail_type and detail.items() <= event["detail"].items():
                return dict(event["detail"])
        return None

    def events(self) -> list[dict[str, Any]]:
        """All events so far, as they came."""
        self._receive()
        return self._events

    def hear(self) -> None:
        """Have the platform's events come to a queue from now on."""
        arn = self._sqs.get_queue_attributes(QueueUrl=self._queue_url, AttributeNames=["QueueArn"])["Attributes"]
        bus = self.stack.outputs["EventBusName"]
        events = self._client("events")
        events.put_rule(Name="backend", EventBusName=bus, EventPattern=json.dumps({"source": ["ocpi"]}))
        events.put_targets(Rule="backend", EventBusName=bus, Targets=[{"Id": "queue", "Arn": arn["QueueArn"]}])

    @cached_property
    def _events(self) -> list[dict[str, Any]]:
        return []

    def _receive(self) -> None:
        while messages := self._sqs.receive_message(QueueUrl=self._queue_url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                self._events.append(json.loads(message["Body"]))
                self._sqs.delete_message(QueueUrl=self._queue_url, ReceiptHandle=message["ReceiptHandle"])

    @cached_property
    def _queue_url(self) -> str:
        return str(self._sqs.create_queue(QueueName="backend")["QueueUrl"])

    @cached_property
    def _sqs(self) -> Any:
        return self._client("sqs")

    @cached_property
    def _session(self) -> boto3.Session:
        settings = self.stack.environment
        return boto3.Session(
            settings["AWS_ACCESS_KEY_ID"], settings["AWS_SECRET_ACCESS_KEY"], region_name=self.stack.region
        )

    def _client(self, service: Any) -> Any:
        return self._session.client(service, endpoint_url=self.stack.aws_endpoint_url)
