"""Owner: the API of the deploying team's own backend, which feeds the platform and asks partners for things."""
