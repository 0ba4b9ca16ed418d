"""Portfolio: what trades earned, what is held, what is on its way."""
