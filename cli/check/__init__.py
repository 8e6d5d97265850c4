"""`ocpi check`: whether a platform, ours or a partner's, speaks OCPI 2.2.1, seen from outside."""
