"""The local AWS: ministack, with the real template.yaml deployed on it by `sam build` and `sam deploy`.

One a state folder (``.local``), on 127.0.0.1 only and on a free port, so that two clones run side by side.
All its files are inside the clone. The demo, ``make live`` and the end-to-end tests use :func:`local_aws`, and so does
``make local`` (:mod:`local.up`).
"""

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from pathlib import Path
from typing import Any, NoReturn

import boto3
from botocore.config import Config

from local import sam
from local.roles import DEFAULT, roles_json

PROJECT = Path(__file__).resolve().parent.parent
REGION = "us-east-1"
STACK_NAME = "ocpi"
PORT_VARIABLE = "OCPI_LOCAL_PORT"
_BUCKET = "artifacts"
_DIRECT = Config(proxies={})
# An event that every function takes: a request without a token, and a batch of no records.
_NOTHING = json.dumps(
    {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/",
        "rawQueryString": "",
        "headers": {"host": "127.0.0.1"},
        "requestContext": {
            "stage": "$default",
            "domainName": "127.0.0.1",
            "http": {"method": "GET", "path": "/", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"},
        },
        "isBase64Encoded": False,
        "Records": [],
    }
)


class LocalAwsError(Exception):
    """The local AWS can't be had; the message says why and what to do."""


class Step(StrEnum):
    """What is being done before the local AWS is ready, in this order."""

    BUILD = "Building the functions and layers"
    START = "Starting the local AWS"
    DEPLOY = "Deploying template.yaml"
    WARM = "Starting every function"


@dataclass(frozen=True)
class Stack:
    """A platform that is up on the local AWS."""

    versions_url: str
    aws_endpoint_url: str
    outputs: dict[str, str]
    """The outputs of template.yaml by name."""
    clock_file: Path
    """Who owns the simulated time writes this (`ocpi.clock.write`); until then it is the real time."""
    log: Path
    """What ministack and the functions log."""
    server: subprocess.Popen[bytes] = field(repr=False)
    """The process of the local AWS; it should not end before the context does."""
    region: str = REGION
    stack_name: str = STACK_NAME

    @property
    def environment(self) -> dict[str, str]:
        """The AWS settings of a client: of boto3, the AWS CLI, sam, and the command ocpi."""
        return {
            "AWS_ENDPOINT_URL": self.aws_endpoint_url,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }


def _nobody(_: Step) -> None:
    """Hears of the steps for a caller that does not."""


@contextmanager
def local_aws(
    project: Path = PROJECT,
    state: Path | None = None,
    *,
    roles: str = DEFAULT,
    optimize_every: str = "rate(1 minute)",
    log_level: str = "INFO",
    on_step: Callable[[Step], None] = _nobody,
) -> Iterator[Stack]:
    """Build and deploy the platform on a local AWS that ends with this context.

    While it is up, ``stack.json`` in the state folder tells where.

    Args:
        project: the clone; its tools have been set up (``make setup``).
        state: the folder for all files of this local AWS, ``.local`` in the project if not given.
        roles: who the platform is, as :func:`local.roles.roles_json` takes it.
        optimize_every: when the scheduler asks for new plans, as EventBridge Scheduler takes it. The time is
            real, not simulated, and a minute is the least.
        log_level: what the functions log from.
        on_step: is told each step when it begins.

    Raises:
        LocalAwsError: one runs in this state folder already, the port is taken, or a step failed.
    """
    state = (state or project / ".local").resolve()
    with _only_one(state):
        port = _port()
        try:
            on_step(Step.BUILD)
            sam.build(project, state / "logs" / "build.log")
            on_step(Step.START)
            with _ministack(project, state, port) as server:
                on_step(Step.DEPLOY)
                parameters = _parameters(state, port, optimize_every, log_level) | {"Roles": roles_json(roles)}
                stack = _deploy(project, state, server, parameters)
                on_step(Step.WARM)
                _start_functions(stack.aws_endpoint_url)
                _wait_for(server, stack.log, stack.versions_url, HTTPStatus.UNAUTHORIZED)
                _announce(state, stack)
                yield stack
        except sam.SamError as error:
            raise LocalAwsError(str(error)) from error
        finally:
            (state / "stack.json").unlink(missing_ok=True)


def stop_on_sigterm() -> None:
    """Let SIGTERM end this process like `sys.exit`, so that what it started is ended too."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


def stay(stack: Stack) -> NoReturn:
    """Keep it up until somebody interrupts us.

    Raises:
        LocalAwsError: it has ended by itself.
    """
    stack.server.wait()
    raise _ended_by_itself(stack.log)


@contextmanager
def _only_one(state: Path) -> Iterator[None]:
    """Hold the state folder for this process. The lock ends with the process, however it ends."""
    state.mkdir(parents=True, exist_ok=True)
    with (state / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LocalAwsError(_who_runs(state, lock.name)) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        (state / "stack.json").unlink(missing_ok=True)
        _end_orphan(state)
        yield


def _who_runs(state: Path, lock: str) -> str:
    pid = Path(lock).read_text()
    where = "still starting"
    with suppress(FileNotFoundError):
        where = json.loads((state / "stack.json").read_text())["versions_url"]
    return (
        f"a local AWS runs in {state} already: process {pid}, {where}. "
        f"Use it, or stop it by Ctrl-C there or by kill {pid}."
    )


def _port() -> int:
    given = os.environ.get(PORT_VARIABLE, "0")
    if not given.isdecimal():
        raise LocalAwsError(f"{PORT_VARIABLE} is {given!r}; it must be a port's number")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(given)))
        except (OSError, OverflowError) as error:
            raise LocalAwsError(
                f"port {given} is taken or not allowed: give {PORT_VARIABLE} another, or none for a free one"
            ) from error
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def _ministack(project: Path, state: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    log = state / "logs" / "ministack.log"
    log.parent.mkdir(exist_ok=True)
    temporary = state / "tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    (state / "clock.json").unlink(missing_ok=True)
    with log.open("wb") as output:
        # Its own session, so that Ctrl-C reaches us alone and we end it and its Lambdas as one group.
        server = subprocess.Popen(
            [_program(project)],
            cwd=temporary,
            env=_server_environment(temporary, port),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        (state / "ministack.pid").write_text(str(server.pid))
        _wait_for(server, log, f"http://127.0.0.1:{port}/_ministack/health", HTTPStatus.OK)
        yield server
    finally:
        _end_group(server.pid)
        server.wait()
        (state / "ministack.pid").unlink(missing_ok=True)
        shutil.rmtree(temporary, ignore_errors=True)


def _program(project: Path) -> str:
    return str(project / ".tools" / "ministack" / "bin" / "ministack")


def _server_environment(temporary: Path, port: int) -> dict[str, str]:
    """All that ministack, and with it every Lambda, sees of this machine's environment."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "HOME": str(temporary),
        "TMPDIR": str(temporary),
        "STATE_DIR": str(temporary),
        "S3_DATA_DIR": str(temporary),
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_REGION": REGION,
        "AUTH": "true",  # a function can do what its role allows, and nothing else
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local",
        "LAMBDA_WARM_TTL_SECONDS": "86400",
        "NO_PROXY": "127.0.0.1",
    }


def _client_environment(endpoint: str) -> dict[str, str]:
    """AWS settings that leave nothing of the developer's own in force."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
        "SAM_CLI_POLL_DELAY": "0.3",
    }


def _parameters(state: Path, port: int, optimize_every: str, log_level: str) -> dict[str, str]:
    """The parameters of template.yaml that make it the local one."""
    return {
        "GatewayUrl": f"http://127.0.0.1:{port}",
        "AllowPrivatePartners": "true",
        "ClockFile": str(state / "clock.json"),
        "OptimizeEvery": optimize_every,
        "LogLevel": log_level,
    }


def _deploy(project: Path, state: Path, server: subprocess.Popen[bytes], parameters: Mapping[str, str]) -> Stack:
    endpoint = parameters["GatewayUrl"]
    _make_bucket(endpoint)
    sam.run(
        project,
        [
            *("deploy", "--config-env", "local", "--stack-name", STACK_NAME, "--s3-bucket", _BUCKET),
            *("--region", REGION, "--parameter-overrides"),
            *(f"{name}={_quoted(value)}" for name, value in parameters.items()),
        ],
        state / "logs" / "deploy.log",
        _client_environment(endpoint),
    )
    _allow_batches(endpoint)
    outputs = _outputs(endpoint)
    return Stack(
        versions_url=outputs["VersionsUrl"],
        aws_endpoint_url=endpoint,
        outputs=outputs,
        clock_file=Path(parameters["ClockFile"]),
        log=state / "logs" / "ministack.log",
        server=server,
    )


def _quoted(value: str) -> str:
    """A parameter as `sam deploy` takes it."""
    escaped = value.replace("\\", r"\\").replace('"', r"\"")
    return f'"{escaped}"'


def _make_bucket(endpoint: str) -> None:
    _session().client("s3", endpoint_url=endpoint, config=_DIRECT).create_bucket(Bucket=_BUCKET)


def _outputs(endpoint: str) -> dict[str, str]:
    cloudformation = _session().client("cloudformation", endpoint_url=endpoint, config=_DIRECT)
    (stack,) = cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def _allow_batches(endpoint: str) -> None:
    """Let roles that may send messages send them in batches.

    AWS asks for ``sqs:SendMessage`` in both cases; ministack asks for an action ``sqs:SendMessageBatch``, which AWS
    does not have.
    """
    iam = _session().client("iam", endpoint_url=endpoint, config=_DIRECT)
    for role in iam.list_roles()["Roles"]:
        name = role["RoleName"]
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            document: Any = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
            sending = [statement for statement in document["Statement"] if "sqs:SendMessage" in statement["Action"]]
            if sending:
                batches = [statement | {"Action": "sqs:SendMessageBatch"} for statement in sending]
                iam.put_role_policy(
                    RoleName=name, PolicyName="Batches", PolicyDocument=json.dumps(document | {"Statement": batches})
                )


def _start_functions(endpoint: str) -> None:
    """Have every function started before its first real event: a start takes about a second here."""
    functions = _session().client("lambda", endpoint_url=endpoint, config=_DIRECT)
    names = [function["FunctionName"] for function in functions.list_functions()["Functions"]]
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        list(pool.map(lambda name: functions.invoke(FunctionName=name, Payload=_NOTHING), names))


def _session() -> boto3.Session:
    return boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)


def _announce(state: Path, stack: Stack) -> None:
    """Write stack.json: who finds it finds a platform that answers."""
    write_privately(
        state / "stack.json",
        json.dumps(
            {
                "versions_url": stack.versions_url,
                "aws_endpoint_url": stack.aws_endpoint_url,
                "region": stack.region,
                "stack_name": stack.stack_name,
                "pid": os.getpid(),
                "log": str(stack.log),
                "clock_file": str(stack.clock_file),
                "environment": stack.environment,
                "outputs": stack.outputs,
            },
            indent=2,
        ),
    )


def write_privately(place: Path, text: str) -> None:
    """Write a file in one step, for this user alone: what it says lets into the platform."""
    written = place.with_name(f"{place.name}.new")
    written.unlink(missing_ok=True)
    written.touch(mode=0o600)
    written.write_text(text)
    written.replace(place)


def _ended_by_itself(log: Path) -> LocalAwsError:
    return LocalAwsError(f"the local AWS ended by itself; the end of its log:\n{sam.last_lines(log)}")


def _wait_for(server: subprocess.Popen[bytes], log: Path, url: str, status: HTTPStatus, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    answer: int | None = None
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise _ended_by_itself(log)
        answer = _status(url)
        if answer == status:
            return
        time.sleep(0.05)
    raise LocalAwsError(
        f"{url} answered {answer or 'nothing'} instead of {status} for {seconds:.0f} s; the end of {log}:\n"
        f"{sam.last_lines(log)}"
    )


_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _status(url: str) -> int | None:
    """The HTTP status that `url` answers with, or None for no answer."""
    try:
        with _direct.open(url, timeout=10) as response:
            status: int = response.status
            return status
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except OSError:
        return None


def _end_orphan(state: Path) -> None:
    """End a ministack whose owner was killed before it could."""
    pid_file = state / "ministack.pid"
    if not pid_file.exists():
        return
    pid = int(pid_file.read_text() or "0")
    if pid and "ministack" in _command(pid):
        _end_group(pid)
    pid_file.unlink()


def _command(pid: int) -> str:
    """The command line of a process, empty if there is none: a pid may be another's by now."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    with suppress(OSError):
        return subprocess.run(
            ["/bin/ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
        ).stdout
    return ""


def _end_group(pid: int, patience_s: float = 5) -> None:
    """End a process and all in its group: first asking, then not."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGTERM)
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
            os.killpg(pid, 0)
            time.sleep(0.05)
        os.killpg(pid, signal.SIGKILL)
