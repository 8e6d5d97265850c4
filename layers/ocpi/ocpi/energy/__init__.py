"""What energy managers and grid operators see of a site, and do to it; for the API and the command line alike."""
