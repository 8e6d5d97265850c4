"""The car park of the demo, on a platform."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from local.aws import Stack
from local.cpo.sessions import Day
from local.demo.processes import DEFAULT_LIMIT_A, Options, SimulatedCpo, ocpi
from local.demo.site_file import WORTH, site_file
from ocpi import clock


@contextmanager
def car_park(
    stack: Stack, options: Options, day: Day, on_step: Callable[[str], None] = lambda _: None
) -> Iterator[SimulatedCpo]:
    """With its operator registered and its site described; its day has not begun.

    Raises:
        DemoError: something failed.
    """
    clock.write(stack.clock_file, day.start, rate=0)
    on_step("Inviting a partner")
    invitation = ocpi(stack, "partner", "invite", "--name", "Simulated CPO")
    file = options.out / "site.json"
    content = site_file(day, invitation["partner_id"], options.limit_kw, DEFAULT_LIMIT_A)
    if options.steady:
        content |= WORTH
    file.write_text(json.dumps(content, indent=2) + "\n")
    on_step("Registering the simulated CPO")
    with SimulatedCpo(options, stack, invitation, file) as cpo:
        cpo.wait_for("located")
        on_step("Describing the site")
        ocpi(stack, "site", "put", str(file))
        yield cpo
