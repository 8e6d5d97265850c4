"""Sites under a grid connection, as their energy managers describe them."""
