"""Execution on a real chain."""
