"""Who takes part: our own parties, the partners we are connected with, and the credentials handshake."""
