"""ChargingProfiles, sender interface: CPOs tell what became of the profiles that we asked for."""
