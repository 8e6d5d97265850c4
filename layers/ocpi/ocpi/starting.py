"""The start of an API function, which is the time that whoever meets a cold one waits for.

What a start makes - modules, models, routes, clients - stays for as long as the process lives, so to collect garbage
meanwhile is for nothing, and takes a fifth of it. The package of each API function begins its start before it imports
anything else; whoever makes its Lambda handler ends it.
"""

import gc


def begin() -> None:
    """Collect no garbage for now."""
    gc.disable()


def end() -> None:
    """Collect garbage from now on, and never look at what the start has made."""
    gc.freeze()
    gc.enable()
