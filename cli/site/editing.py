"""How a command changes a site: by whom, and not before what is odd was confirmed."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import typer

from cli.deployment import Deployment
from cli.failure import Failure
from cli.output import printable, when
from ocpi.energy.edit import (
    By,
    Changed,
    Known,
    NoSuchSignal,
    NoSuchSite,
    Odd,
    SignalChanged,
    SignalTakenBack,
    Taken,
    Unreadable,
)
from ocpi.sites.site import Branch


def edited[T](
    deployment: Deployment,
    edit: Callable[[By], T],
    *,
    yes: bool,
    reason: str | None = None,
    revision: str | None = None,
) -> T:
    """Do an edit; where something is odd, ask whoever sits at the terminal, and do it if it is meant so.

    Raises:
        Failure: it cannot be done, or it is odd and nobody says that it is meant so.
    """
    by = By(deployment.author, revision, confirmed=yes, reason=reason)
    with told():
        try:
            return edit(by)
        except Odd as odd:
            _ask(odd)
            return edit(replace(by, confirmed=True))


def known(deployment: Deployment, site_id: str) -> Known:
    """The site as it is stored.

    Raises:
        Failure: there is none.
    """
    with told():
        return deployment.desk.get(site_id)


@contextmanager
def told() -> Iterator[None]:
    """What went wrong at the desk, as a line on what to do."""
    try:
        yield
    except NoSuchSite as error:
        raise Failure(f"there is no site {error.args[0]!r}; 'ocpi site list' shows all") from None
    except Unreadable as error:
        raise Failure(f"{error}; another version has written it so: describe it anew with 'ocpi site put'") from None
    except NoSuchSignal:
        raise Failure("there is no such signal; 'ocpi site signal list' shows all") from None
    except SignalChanged:
        raise Failure(
            "there is a signal of that id with other content: cancel it, and give this one another id"
        ) from None
    except SignalTakenBack as error:
        raise Failure(f"it was taken back, {when(error.at)}: give it another id") from None
    except Taken as error:
        raise Failure(f"location: site {error.site_id!r} stands for it already") from None
    except Changed as error:
        raise Failure(_changed(error)) from None


def _changed(error: Changed) -> str:
    who = printable(error.by or "somebody else")
    at = f", {when(error.at)}" if error.at else ""
    what = f": {printable(error.what)}" if error.what else ""
    return f"the site was changed by {who}{at}{what}; look at it and try again"


def _ask(odd: Odd) -> None:
    problems = "\n".join(map(printable, odd.problems))
    if not _at_a_terminal():
        raise Failure(f"{problems}\nnothing is changed: is it meant so? Then do it again with --yes")
    print(problems, file=sys.stderr)
    if not typer.confirm("Is it meant so?", err=True):
        raise Failure("nothing is changed")


def _at_a_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def whose(branch: Branch, site_id: str) -> str:
    """A node of a site, in words."""
    return f"site {site_id!r}" if branch.parent is None else f"feeder {branch.id!r} of site {site_id!r}"
