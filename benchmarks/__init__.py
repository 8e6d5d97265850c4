"""What is measured, against a floor, as one command: `make bench`."""
