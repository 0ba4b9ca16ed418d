"""Limits: the pre-trade checks, one pure function each."""
