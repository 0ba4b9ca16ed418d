"""Connections: the only openers of sockets to elsewhere."""
