"""Pull: gets the lists of partners."""
