"""The command line `ocpi`."""

import sys
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError
from typer.core import TyperGroup

from cli import access, dlq, partners
from cli.check.command import check
from cli.deployment import Deployment, DeploymentError
from cli.failure import Failure
from cli.optimize import optimize
from cli.output import printable
from cli.simulate import simulate
from cli.site import commands
from cli.trace import trace
from ocpi.logs import logger
from ocpi.parties.handshake import NameTaken
from ocpi.push.queue import NotSent
from ocpi.sites.reading import WrongInput
from ocpi.store.table import Conflict
from ocpi.transport.status import OcpiError


class Commands(TyperGroup):
    """All commands; a wrong use is told without the words of the library that found it."""

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]  # Typer gives every group one of these
        """Run a command."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = error.message.removeprefix("Value error, ")
            raise


app = typer.Typer(cls=Commands, no_args_is_help=True, pretty_exceptions_enable=False, help="Operate OCPI Serverless.")
app.add_typer(partners.app, name="partner")
app.add_typer(commands.app, name="site")
app.add_typer(access.app, name="access")
app.add_typer(dlq.app, name="dlq")
app.command()(check)
app.command()(trace)
app.command()(optimize)
app.command()(simulate)

WITHOUT_DEPLOYMENT = {check.__name__, optimize.__name__, simulate.__name__}
"""Commands that look at a platform from outside, or at none at all."""


@app.callback()
def _deployment(
    context: typer.Context,
    stack: Annotated[str, typer.Option(envvar="OCPI_STACK", help="The CloudFormation stack.")] = "ocpi",
) -> None:
    """Find the deployment before any command that needs one, unless only help is wanted."""
    if context.invoked_subcommand not in WITHOUT_DEPLOYMENT and not {"--help"} & set(sys.argv):
        context.obj = Deployment.find(stack)


def main() -> None:
    """Run a command; what goes wrong is one line on standard error and exit code 1."""
    logger.setLevel("ERROR")  # the log is for functions; a command prints its answer
    try:
        app()
    except OcpiError as error:
        _fail(error.message)
    except WrongInput as error:
        _fail("\nocpi: ".join(map(printable, error.problems)))
    except Conflict:
        _fail("someone else changed the same at this moment; look at it and try again")
    except (BotoCoreError, ClientError) as error:
        _fail(f"AWS: {error}")
    except (DeploymentError, Failure, NameTaken, NotSent, ValueError) as error:
        _fail(str(error))


def _fail(message: str) -> None:
    print(f"ocpi: {message}", file=sys.stderr)
    sys.exit(1)
