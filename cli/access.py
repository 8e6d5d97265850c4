"""ocpi access …: who may use the energy API and its page, and at which sites."""

from typing import TYPE_CHECKING, Annotated

import boto3
import typer

from cli.deployment import Deployment
from cli.failure import Failure
from cli.output import AsJson, answer, answer_table
from ocpi.aws import LIMITS
from ocpi.store.grants import EVERY_SITE, Right

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_cognito_idp.type_defs import AttributeTypeTypeDef

app = typer.Typer(no_args_is_help=True, help="Who may see, change and curtail which sites.")

Who = Annotated[str, typer.Argument(help="The e-mail address of a person, or the id of a machine's app client.")]


@app.command()
def invite(
    context: typer.Context,
    email: Annotated[str, typer.Argument(help="Where the invitation is sent.")],
    again: Annotated[bool, typer.Option("--again", help="Send it once more, with a new temporary password.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let a person sign in to the page; what that person may do is granted for each site."""
    pool = _Pool(context.obj)
    pool.invite(email, again=again)
    text = (
        f"{email} is sent a temporary password, which is good for seven days."
        f"\nThere is nothing to see yet: ocpi access grant {email} SITE read"
    )
    answer({"email": email, "principal": pool.principal(email)[0]}, as_json=as_json, text=text)


@app.command()
def grant(
    context: typer.Context,
    who: Who,
    site: Annotated[str, typer.Argument(help="The site's id; '*' for all, also those that are yet to come.")],
    rights: Annotated[list[Right], typer.Argument(help="What may be done there; control includes read.")],
    as_json: AsJson = False,
) -> None:
    """Let somebody do just this at a site; it counts from the next request on."""
    deployment: Deployment = context.obj
    if site != EVERY_SITE and deployment.sites.config(site) is None:
        raise Failure(f"there is no site {site!r}; 'ocpi site list' shows all")
    principal, name = _Pool(deployment).principal(who)
    granted = deployment.grants.grant(principal, site, rights, name)
    where = "all sites" if site == EVERY_SITE else f"site {site!r}"
    text = f"{name} may {', '.join(granted.sites[site])} at {where}."
    answer({"principal": principal, "name": name, "sites": granted.sites}, as_json=as_json, text=text)


@app.command()
def revoke(
    context: typer.Context,
    who: Who,
    site: Annotated[str | None, typer.Argument(help="The site's id; all of them if left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """Take back what was granted; the next request is refused, whatever token it carries."""
    deployment: Deployment = context.obj
    found = [each for each in deployment.grants.all() if who.lower() in (each.principal.lower(), each.name.lower())]
    if not found:
        raise Failure(f"nothing is granted to {who!r}; 'ocpi access list' shows all")
    for each in found:
        if site is not None and site not in each.sites:
            raise Failure(f"nothing is granted to {who!r} at {site!r} by itself: {', '.join(each.sites) or 'nowhere'}")
        left = deployment.grants.revoke(each.principal, site)
        still = f"It is left: {', '.join(left.sites)}." if left.sites else "Nothing is left."
        whole = {"principal": each.principal, "name": each.name, "sites": left.sites}
        answer(whole, as_json=as_json, text=f"{each.name or each.principal}: revoked. {still}")


@app.command("list")
def list_(context: typer.Context, as_json: AsJson = False) -> None:
    """All that is granted."""
    deployment: Deployment = context.obj
    rows = [
        {
            "name": each.name,
            "principal": each.principal,
            "site": site,
            "rights": list(rights) if as_json else ", ".join(rights),
        }
        for each in deployment.grants.all()
        for site, rights in each.sites.items()
    ]
    answer_table(rows, ("name", "site", "rights", "principal"), as_json=as_json)


class _Pool:
    """The user pool: who there is."""

    def __init__(self, deployment: Deployment) -> None:
        pool_id = deployment.outputs.get("EnergyUserPoolId")
        if not pool_id:
            raise Failure("the stack has no user pool: deploy this version of it first")
        self._id = pool_id
        self._cognito: CognitoIdentityProviderClient = boto3.client("cognito-idp", config=LIMITS)

    def invite(self, email: str, *, again: bool) -> None:
        """Raises:
        Failure: the address is none, or is invited already.
        """
        about: list[AttributeTypeTypeDef] = [
            {"Name": "email", "Value": email},
            {"Name": "email_verified", "Value": "true"},
        ]
        try:
            if again:
                self._cognito.admin_create_user(UserPoolId=self._id, Username=email, MessageAction="RESEND")
            else:
                self._cognito.admin_create_user(UserPoolId=self._id, Username=email, UserAttributes=about)
        except self._cognito.exceptions.UsernameExistsException:
            raise Failure(f"{email} is invited already; --again sends the invitation once more") from None
        except self._cognito.exceptions.UserNotFoundException:
            raise Failure(f"{email} has not been invited yet: leave --again out") from None
        except self._cognito.exceptions.InvalidParameterException as error:
            raise Failure(f"{email}: {error.response['Error']['Message']}") from None

    def principal(self, who: str) -> tuple[str, str]:
        """The `sub` that somebody's tokens have, and what it is called.

        Raises:
            Failure: there is no such person or client, or whose the address is is not sure.
        """
        if "@" not in who:
            return self._client(who)
        if set(who) & {'"', "\\"}:
            raise Failure(f"{who!r} is no e-mail address")
        found = self._cognito.list_users(UserPoolId=self._id, Filter=f'email = "{who}"')["Users"]
        users = [{each["Name"]: each["Value"] for each in user["Attributes"]} for user in found]
        verified = [user for user in users if user.get("email_verified") == "true"]
        if not users:
            raise Failure(f"nobody has the address {who!r}: ocpi access invite {who}")
        if len(verified) != 1:
            raise Failure(f"{who!r} must be the verified address of one person, and is that of {len(verified)}")
        return verified[0]["sub"], who.lower()

    def _client(self, client_id: str) -> tuple[str, str]:
        try:
            found = self._cognito.describe_user_pool_client(UserPoolId=self._id, ClientId=client_id)
        except self._cognito.exceptions.ClientError as error:
            if error.response["Error"]["Code"] in {"ResourceNotFoundException", "InvalidParameterException"}:
                raise Failure(f"{client_id!r} is neither an e-mail address nor the id of an app client") from None
            raise
        return client_id, found["UserPoolClient"]["ClientName"]
