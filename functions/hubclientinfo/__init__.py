"""HubClientInfo: hubs tell who else is connected to them; as a hub we do."""
