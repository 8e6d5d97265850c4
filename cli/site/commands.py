"""ocpi site …: all its commands."""

import typer

from cli.runs import replay
from cli.site import describing, limits, looking, past, signals, weekly, worth
from cli.site.plot import plot

app = typer.Typer(no_args_is_help=True, help="Describe sites, look at them, and change what they bear.")

app.command("list")(describing.list_)
app.command()(describing.put)
app.command()(describing.get)
app.command()(looking.show)
app.command()(limits.limit)
app.add_typer(weekly.app, name="weekly")
app.add_typer(limits.override, name="override")
app.command()(worth.prices)
app.command()(worth.upload)
app.command()(worth.remove_upload)
app.command()(worth.measure)
app.command()(worth.priority)
app.command()(looking.plan)
app.command()(plot)
app.command()(past.sessions)
app.command("history")(past.past)
app.command()(past.events)
app.command()(past.savings)
app.command()(past.report)
app.add_typer(signals.app, name="signal")
app.command()(replay)
