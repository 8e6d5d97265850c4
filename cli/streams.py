"""Changes that the outbox could not handle: its dead letters tell only where in a stream they stand."""

import json
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from pydantic import BaseModel, Field

from ocpi.store import keys
from ocpi.store.table import client as dynamodb

if TYPE_CHECKING:
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient
    from mypy_boto3_dynamodbstreams.type_defs import RecordTypeDef
    from mypy_boto3_lambda import LambdaClient

PAGE = 100
"""How many changes are read, and handled, at once: as many as the stream gives to the outbox."""

EMPTY_PAGES = 10
"""DynamoDB may answer some pages without any change before the next one."""

LONGEST_S = 90
"""How long the outbox is waited for; it may take 60 s."""

type StreamRecord = dict[str, Any]
"""A change as Lambda gives it to a function."""


class Gone(Exception):
    """The changes are not in the stream any more."""


class NotHandled(Exception):
    """The outbox has failed again."""


class BatchInfo(BaseModel):
    """Where a batch of changes stands in a stream."""

    stream_arn: str = Field(alias="streamArn")
    shard_id: str = Field(alias="shardId")
    start: str = Field(alias="startSequenceNumber")
    end: str = Field(alias="endSequenceNumber")
    size: int = Field(alias="batchSize")
    first_at: str = Field(alias="approximateArrivalOfFirstRecord")

    @property
    def table(self) -> str:
        """The name of the table."""
        return self.stream_arn.partition(":table/")[2].partition("/")[0]


class OutboxLetter(BaseModel):
    """What Lambda sends to the destination for failures of a stream."""

    batch: BatchInfo = Field(alias="DDBStreamBatchInfo")


@dataclass(frozen=True)
class Replay:
    """Reads changes from their stream and has the outbox handle them.

    Objects are handed over as they are now: later changes of them may have been handled long ago, and an old one must
    not undo what those did.

    Args:
        function: the name of the outbox function.
        sites_table: of whose changes the outbox hears only some (template.yaml: SitesStream).
    """

    function: str
    sites_table: str

    def __call__(self, batch: BatchInfo) -> None:
        """Handle all changes of a batch, in their order.

        Raises:
            Gone: they are older than the 24 hours that a stream keeps.
            NotHandled: the outbox fails; its log tells why.
        """
        for page in self._pages(batch):
            records = [self._as_it_is(batch, change) for change in page if self._heard(batch, change)]
            if known := [record for record in records if _images(record)]:
                self._invoke(known)

    def _pages(self, batch: BatchInfo) -> "Iterator[list[RecordTypeDef]]":
        streams, end = self._streams, int(batch.end)
        gone = Gone(f"its {batch.size} changes are no longer in the stream, which keeps them for 24 hours")
        try:
            iterator: str | None = streams.get_shard_iterator(
                StreamArn=batch.stream_arn,
                ShardId=batch.shard_id,
                ShardIteratorType="AT_SEQUENCE_NUMBER",
                SequenceNumber=batch.start,
            )["ShardIterator"]
            empty = 0
            while iterator and empty < EMPTY_PAGES:
                answer = streams.get_records(ShardIterator=iterator, Limit=PAGE)
                numbers = [int(change["dynamodb"]["SequenceNumber"]) for change in answer["Records"]]
                yield [change for change, at in zip(answer["Records"], numbers, strict=True) if at <= end]
                if numbers and numbers[-1] >= end:
                    return
                empty = 0 if numbers else empty + 1
                iterator = answer.get("NextShardIterator")
        except (streams.exceptions.TrimmedDataAccessException, streams.exceptions.ResourceNotFoundException):
            raise gone from None
        raise gone

    def _heard(self, batch: BatchInfo, change: "RecordTypeDef") -> bool:
        """Whether the outbox would be given a change: the stream of the sites leaves out plans and records of runs."""
        sort_key = change["dynamodb"]["Keys"]["sk"]["S"]
        return batch.table != self.sites_table or sort_key == keys.SITE or sort_key.startswith(keys.PROFILE)

    def _as_it_is(self, batch: BatchInfo, change: "RecordTypeDef") -> StreamRecord:
        """A change as Lambda would give it to the outbox; that of an object leads to what the object is now."""
        images: dict[str, Any] = dict(change["dynamodb"])
        key = images["Keys"]
        if key["sk"]["S"] == keys.OBJECT:
            images.pop("NewImage", None)
            answer = dynamodb().get_item(TableName=batch.table, Key=key, ConsistentRead=True)
            images |= {"NewImage": answer["Item"]} if "Item" in answer else {}
        return dict(change) | {"dynamodb": images, "eventSourceARN": batch.stream_arn}

    def _invoke(self, records: list[StreamRecord]) -> None:
        payload = json.dumps({"Records": records}, default=_plain).encode()
        answer = self._lambda.invoke(FunctionName=self.function, Payload=payload)
        if "FunctionError" in answer:
            raise NotHandled("the outbox has failed again; its log tells why")

    @cached_property
    def _streams(self) -> "DynamoDBStreamsClient":
        return boto3.client("dynamodbstreams")

    @cached_property
    def _lambda(self) -> "LambdaClient":
        return boto3.client("lambda", config=Config(read_timeout=LONGEST_S))


def _images(record: StreamRecord) -> bool:
    """Whether there is anything to act upon: not if an object was made and deleted since."""
    return bool(record["dynamodb"].keys() & {"OldImage", "NewImage"})


def _plain(value: object) -> object:
    """As Lambda writes what JSON does not have."""
    match value:
        case datetime():
            return value.timestamp()
        case bytes():
            return b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} is in no stream record")
