"""Planning: what is known of a site goes in as a :class:`~optimizer.planning.problem.Problem`, a
:class:`~optimizer.planning.problem.Plan` comes out. Pure: no AWS, no OCPI, no clock."""
