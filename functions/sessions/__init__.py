"""Sessions: CPOs push what is being charged, and partners read what is charged at our stations."""
