"""Who takes part: our own parties, whose token opens what, and the credentials handshake."""
