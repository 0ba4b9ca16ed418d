"""Strategies: events in, signals out. They do no I/O and never import collectors, execution or portfolio."""
