"""ChargingProfiles: what partners ask of our sessions, and what became of the profiles that we asked for."""
