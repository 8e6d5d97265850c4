"""What is learned of visits to a site."""
