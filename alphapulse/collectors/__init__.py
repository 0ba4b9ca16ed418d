"""Collectors: venue data in, typed events out."""
