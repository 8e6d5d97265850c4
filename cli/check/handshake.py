"""Registers us with a CREDENTIALS_TOKEN_A, and ends the registration again."""

from cli.check.counterpart import Counterpart
from cli.check.exchange import Exchange
from cli.check.subject import Registration, Subject
from cli.check.verdict import NotApplicable


def ours(subject: Subject) -> Counterpart:
    """The platform we play.

    Raises:
        NotApplicable: we play none in this run.
    """
    if subject.counterpart is None:
        raise NotApplicable("needs a CREDENTIALS_TOKEN_A and --write")
    return subject.counterpart


def registered(subject: Subject) -> Registration:
    """The registration we have made.

    Raises:
        NotApplicable: we have made none in this run.
    """
    if subject.registration is None:
        raise NotApplicable("needs a CREDENTIALS_TOKEN_A and --write")
    return subject.registration


def attempt(subject: Subject, method: str, body: object) -> Exchange:
    """Send credentials that should be refused. A platform that registers us all the same is left again at once."""
    seen = send(subject, method, body)
    token = given_token(seen)
    if token:
        invitation, subject.client.token = subject.client.token, token
        send(subject, "DELETE")
        subject.client.token = invitation
    return seen


def send(subject: Subject, method: str, body: object = None) -> Exchange:
    """Send a request to the credentials endpoint."""
    return subject.ask(method, subject.interface("credentials"), body=body)


def given_token(seen: Exchange) -> str | None:
    """The token in the Credentials that were answered, None if the answer is no success or holds none."""
    token = seen.data.get("token") if seen.ok and isinstance(seen.data, dict) else None
    return token if isinstance(token, str) and token else None


def register(subject: Subject) -> None:
    """Register; if that works, the token that was given is used from then on."""
    counterpart = ours(subject)
    known = len(counterpart.seen)
    endpoint = subject.interface("credentials")
    posted = subject.ask("POST", endpoint, body=counterpart.credentials())
    subject.registration = Registration(subject.client.token, endpoint, posted, tuple(counterpart.seen[known:]))
    if take_token(subject, posted):
        subject.invited = False
        subject.learn()


def take_token(subject: Subject, seen: Exchange) -> bool:
    """Use the token that was answered from now on, if there is one."""
    token = given_token(seen)
    subject.client.token = token or subject.client.token
    return token is not None


def unregister(subject: Subject) -> None:
    """End the registration, if there is one."""
    registration = subject.registration
    if registration and given_token(registration.posted) and registration.deleted is None:
        registration.deleted = subject.ask("DELETE", registration.endpoint)
