"""Dead letters: messages that a function of ours could not handle, looked at and sent to it again.

A message is a pointer, so one that is handled twice does no harm: it is always sent first and deleted then.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Annotated, Protocol
from uuid import uuid4

import boto3
from pydantic import Field, TypeAdapter, ValidationError

from cli.streams import BatchInfo, Gone, NotHandled, OutboxLetter, Replay
from ocpi.push.messages import ProfileMessage, PullMessage, SiteMessage, Wake, push_message
from ocpi.requests.deadlines import Deadline
from ocpi.types.versions import ModuleID

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef, SendMessageBatchRequestEntryTypeDef

BATCH = 10
"""What SQS gives, takes or deletes at once."""

LOOKED_AT_S = 30
"""How long a letter is hidden from others that somebody only looks at; it is given back long before."""

WORKED_ON_S = 300
"""The same while it is sent again; a letter of which that was broken off is there again afterwards."""

WAIT_S = 1
"""How long SQS looks for letters: only with a wait does it ask all its servers."""


class Source(StrEnum):
    """Where letters come from: the queue whose messages they were, or the streams."""

    PUSH = "push"
    OPTIMIZE = "optimize"
    TIMEOUTS = "timeouts"
    PULL = "pull"
    OUTBOX = "outbox"

    @property
    def meaning(self) -> str:
        """What has gone wrong if there is one."""
        return _MEANINGS[self]


_MEANINGS = {
    Source.PUSH: "sending to a partner failed for a reason of our own",
    Source.OPTIMIZE: "a site could not be planned",
    Source.TIMEOUTS: "a request was left without a result, or a partner without its next try",
    Source.PULL: "a list of a partner could not be got for a reason of our own",
    Source.OUTBOX: "changes of state were not acted upon",
}


@dataclass(frozen=True)
class About:
    """What a letter is about."""

    text: str
    partner_id: str | None = None
    module: ModuleID | None = None


@dataclass(frozen=True)
class Letter:
    """A dead letter, as it was received."""

    id: str
    about: About
    sent: datetime
    first_received: datetime | None
    received: int
    """How often."""
    body: str
    group: str | None
    """In a FIFO queue, what it has to stay in order with."""
    receipt: str


@dataclass(frozen=True)
class Failed:
    """A letter that could not be sent again, which is still there."""

    id: str
    reason: str


@dataclass(frozen=True)
class Worked:
    """What became of what was wanted: the ids of what is done, what could not be, and how many others are left."""

    done: list[str]
    failed: list[Failed]
    left: int


class Sending(Protocol):
    """Sends letters again."""

    def __call__(self, letters: Sequence[Letter], /) -> dict[str, str]:
        """Send them; returns why not, by the id of a letter, for those that could not be sent."""


class DeadLetters:
    """One dead-letter queue.

    Args:
        url: its URL.
        read: tells from the body of a letter what it is about; raises ValueError if that cannot be told.
        send: sends letters again.
        at_once: how many it is given at once, 10 at most; so many should be sent within :data:`WORKED_ON_S`.
    """

    def __init__(self, url: str, read: Callable[[str], About], send: Sending, *, at_once: int = BATCH) -> None:
        self._url = url
        self._read = read
        self._send = send
        self._at_once = at_once

    def count(self) -> int:
        """How many letters wait, roughly; those that somebody looks at right now do not count."""
        answer = _client().get_queue_attributes(QueueUrl=self._url, AttributeNames=["ApproximateNumberOfMessages"])
        return int(answer["Attributes"]["ApproximateNumberOfMessages"])

    def look(self, limit: int) -> list[Letter]:
        """At most `limit` letters, the oldest first, which stay where they are.

        Of a FIFO queue come 10 of a group at most: as long as they are looked at, it holds the others back.
        """
        letters: list[Letter] = []
        try:
            for batch in self._taken(min(limit, self.count()), BATCH, LOOKED_AT_S):
                letters += batch
        finally:
            self._give_back(letters)
        return sorted(letters, key=lambda letter: letter.sent)

    def redrive(self, wanted: Callable[[Letter], bool], progress: Callable[[int, int], None]) -> Worked:
        """Send the letters again that are `wanted`; `progress` is told how many were looked at, and of how many."""
        return self._work(wanted, self._send, progress)

    def drop(self, wanted: Callable[[Letter], bool], progress: Callable[[int, int], None]) -> Worked:
        """Delete the letters that are `wanted`."""
        return self._work(wanted, lambda _letters: {}, progress)

    def _work(self, wanted: Callable[[Letter], bool], send: Sending, progress: Callable[[int, int], None]) -> Worked:
        """Send letters somewhere and delete them then, in this order."""
        total = self.count()
        seen, done = 0, list[str]()
        failed: list[Failed] = []
        kept: list[Letter] = []
        try:
            for letters in self._taken(total, self._at_once, WORKED_ON_S):
                chosen = [letter for letter in letters if wanted(letter)]
                reasons = send(chosen) if chosen else {}
                gone = [letter for letter in chosen if letter.id not in reasons]
                self._delete(gone)
                kept += [letter for letter in letters if letter not in gone]
                failed += [Failed(letter_id, reason) for letter_id, reason in reasons.items()]
                seen += len(letters)
                done += [letter.id for letter in gone]
                progress(seen, total)
        finally:
            self._give_back(kept)
        return Worked(done, failed, len(kept) - len(failed) + max(total - seen, 0))

    def _delete(self, letters: Sequence[Letter]) -> None:
        if letters:
            _client().delete_message_batch(
                QueueUrl=self._url,
                Entries=[{"Id": str(place), "ReceiptHandle": letter.receipt} for place, letter in enumerate(letters)],
            )

    def _taken(self, count: int, at_once: int, hidden_s: int) -> Iterator[list[Letter]]:
        """The letters, a few at a time, until there were so many or no more come."""
        while count > 0:
            answer = _client().receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=min(count, at_once),
                VisibilityTimeout=hidden_s,
                WaitTimeSeconds=WAIT_S,
                MessageSystemAttributeNames=["All"],
            )
            letters = [self._letter(message) for message in answer.get("Messages", [])]
            if not letters:
                return
            count -= len(letters)
            yield letters

    def _give_back(self, letters: Sequence[Letter]) -> None:
        for place in range(0, len(letters), BATCH):
            _client().change_message_visibility_batch(
                QueueUrl=self._url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": letter.receipt, "VisibilityTimeout": 0}
                    for number, letter in enumerate(letters[place : place + BATCH])
                ],
            )

    def _letter(self, message: "MessageTypeDef") -> Letter:
        told = message["Attributes"]
        first = told.get("ApproximateFirstReceiveTimestamp")
        try:
            about = self._read(message["Body"])
        except ValueError:
            about = About("something that this version of the command does not know")
        return Letter(
            id=message["MessageId"],
            about=about,
            sent=_moment(told["SentTimestamp"]),
            first_received=_moment(first) if first else None,
            received=int(told.get("ApproximateReceiveCount", 0)),
            body=message["Body"],
            group=told.get("MessageGroupId"),
            receipt=message["ReceiptHandle"],
        )


def of_queue(source: Source, url: str, source_url: str) -> DeadLetters:
    """The dead letters of a queue, which are sent to it again."""
    return DeadLetters(url, _READERS[source], _ToQueue(source_url))


def of_outbox(url: str, replay: Replay) -> DeadLetters:
    """The dead letters of the streams, whose changes are read and handled again."""
    return DeadLetters(url, _changes, _ToOutbox(replay), at_once=1)


@dataclass(frozen=True)
class _ToQueue:
    url: str

    def __call__(self, letters: Sequence[Letter]) -> dict[str, str]:
        """Send them as new messages, each in its group: SQS itself cannot move those of a FIFO queue back."""
        entries = [_entry(place, letter) for place, letter in enumerate(letters)]
        answer = _client().send_message_batch(QueueUrl=self.url, Entries=entries)
        return {
            letters[int(refused["Id"])].id: f"the queue refused it: {refused.get('Message') or refused['Code']}"
            for refused in answer.get("Failed", [])
        }


def _entry(place: int, letter: Letter) -> "SendMessageBatchRequestEntryTypeDef":
    entry: SendMessageBatchRequestEntryTypeDef = {"Id": str(place), "MessageBody": letter.body}
    if letter.group:
        entry |= {"MessageGroupId": letter.group, "MessageDeduplicationId": uuid4().hex}
    return entry


@dataclass(frozen=True)
class _ToOutbox:
    replay: Replay

    def __call__(self, letters: Sequence[Letter]) -> dict[str, str]:
        reasons = {}
        for letter in letters:
            try:
                self.replay(OutboxLetter.model_validate_json(letter.body).batch)
            except (Gone, NotHandled) as error:
                reasons[letter.id] = str(error)
            except ValidationError:
                reasons[letter.id] = "it does not say where in a stream its changes stand"
        return reasons


_timeout: TypeAdapter[Deadline | Wake] = TypeAdapter(Annotated[Deadline | Wake, Field(discriminator="kind")])


def _pushed(body: str) -> About:
    match push_message.validate_json(body):
        case Wake() as wake:
            return _wake(wake)
        case ProfileMessage() as profile:
            first, *others = profile.requests
            more = f" and of {len(others)} more" if others else ""
            text = f"the charging profile of session {first.name}{more} at partner {profile.partner_id}"
            return About(text, profile.partner_id, ModuleID.CHARGING_PROFILES)


def _timed(body: str) -> About:
    match _timeout.validate_json(body):
        case Wake() as wake:
            return _wake(wake)
        case Deadline() as deadline:
            return About(f"the end of request {deadline.request_id}")


def _wake(wake: Wake) -> About:
    return About(f"what is due to partner {wake.partner_id}", wake.partner_id)


def _planned(body: str) -> About:
    message = SiteMessage.model_validate_json(body)
    return About(f"a plan of site {message.site_id}, because of a {message.reason}")


def _pulled(body: str) -> About:
    message = PullMessage.model_validate_json(body)
    return About(f"the list of {message.module} of partner {message.partner_id}", message.partner_id, message.module)


def _changes(body: str) -> About:
    batch: BatchInfo = OutboxLetter.model_validate_json(body).batch
    return About(f"{batch.size} changes of the table {batch.table}, the first at {batch.first_at}")


_READERS: dict[Source, Callable[[str], About]] = {
    Source.PUSH: _pushed,
    Source.OPTIMIZE: _planned,
    Source.TIMEOUTS: _timed,
    Source.PULL: _pulled,
}


def _moment(milliseconds: str) -> datetime:
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)


@cache
def _client() -> "SQSClient":
    return boto3.client("sqs")
