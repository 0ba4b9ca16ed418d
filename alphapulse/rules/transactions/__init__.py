"""Transactions of our own: their numbers, their states, what they offer, and what a start finds of them. Pure."""
