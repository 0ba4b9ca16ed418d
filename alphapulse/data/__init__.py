"""Data: the frozen values that AlphaPulse speaks of. Imports nothing but the standard library and attrs."""
