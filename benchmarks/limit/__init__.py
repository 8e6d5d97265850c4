"""How long it takes from a limit that is lowered to the last charge point that has heard of it."""
