"""The search for the best trade between two ranges: the compiled core where it was built, else pure Python."""

from __future__ import annotations

from alphapulse.rules.arbitrage import range_trade as pure

try:
    from alphapulse.rules.arbitrage import core
except ImportError as error:
    CORE = None
    ABSENCE = str(error)
else:
    CORE = core
    ABSENCE = ""

__all__ = ["ABSENCE", "CORE", "best_trade"]

best_trade = CORE.best_trade if CORE else pure.best_trade
