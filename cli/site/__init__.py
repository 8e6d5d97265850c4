"""ocpi site …: describe sites, look at them, and change what they bear."""
