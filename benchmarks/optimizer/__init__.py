"""What a plan costs and how good it is, beside others on the same instances: `make bench-optimizer`."""
