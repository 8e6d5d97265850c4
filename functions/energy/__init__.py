"""Energy: the API of energy managers and grid operators, and the page in which they use it."""
