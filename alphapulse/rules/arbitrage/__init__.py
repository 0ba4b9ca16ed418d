"""Arbitrage: what an opportunity is, how large to trade it, what it costs."""
