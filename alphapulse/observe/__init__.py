"""Observation: clocks, logs, health."""
