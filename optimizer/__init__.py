"""Plans the charging of a site under its limits, and says which profiles may be sent when."""
