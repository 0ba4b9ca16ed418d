"""The three domain relays: typed hubs between the parts of the daemon."""
