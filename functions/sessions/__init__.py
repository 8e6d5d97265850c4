"""Sessions, receiver interface: CPOs push what is being charged."""
