"""Recordings of pool logs, replayed through the decoder that a node's frames go through."""
