"""Nodes of a chain: what their answers mean, which one to ask, and when to leave one alone. Pure."""
