"""Trades as an exchange sends them: few instruments, every other number different."""

from __future__ import annotations

from random import Random

from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.trades import Side, Trade

ETH, BTC, SOL = (InstrumentId.from_symbol(symbol, Venue.KRAKEN) for symbol in ("ETH/USD", "BTC/USD", "SOL/USD"))
START_NS = 1_704_412_800_000_000_000


def trades(count: int) -> list[Trade]:
    """The same each time."""
    chance = Random(7)  # noqa: S311 - the same each time
    return [
        Trade(
            chance.choice((ETH, BTC, SOL)),
            chance.randrange(10**9, 10**13),
            chance.randrange(1, 10**11),
            START_NS + number * 1_000_000 + chance.randrange(1_000_000),
            Side(chance.randrange(2)),
        )
        for number in range(count)
    ]
