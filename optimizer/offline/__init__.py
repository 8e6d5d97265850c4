"""The optimizer without a platform: scenarios out of a file, and simulations over real sessions."""
