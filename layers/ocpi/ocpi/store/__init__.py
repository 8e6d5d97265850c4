"""What the platform keeps in DynamoDB: one file per entity, every key in `keys`."""
