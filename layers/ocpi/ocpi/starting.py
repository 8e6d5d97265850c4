"""The start of an API function: whoever meets a cold one waits for it. Imported first, it begins the start.

What a start makes (modules, models, routes, clients) stays for as long as the process lives. To collect garbage
meanwhile is for nothing, and would take a third of the time.
"""

import gc

gc.disable()


def end() -> None:
    """Collect garbage from now on, without ever going through what the start has made."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
