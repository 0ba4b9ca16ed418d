"""Which pools and tokens are believed: what was read of them, judged."""
