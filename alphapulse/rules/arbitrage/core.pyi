# The compiled core, from `core.pyx`.

from alphapulse.rules.arbitrage.range_trade import Side, Trade

def best_trade(opening: Side, closing: Side, start: int) -> Trade: ...
