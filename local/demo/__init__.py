"""One day of a site under a tight grid limit, end to end on this machine, with figures and a picture."""
