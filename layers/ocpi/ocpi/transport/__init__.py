"""How OCPI messages travel: envelope, status codes, headers, tokens, our doors and the client to partners."""
