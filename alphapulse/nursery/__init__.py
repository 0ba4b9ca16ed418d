"""The supervisor tree: services with a policy of restarts, a tree that can be asked. Knows no venue, no strategy."""
