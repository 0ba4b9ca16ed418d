"""What happens in constant-product pairs (Uniswap V2 and its like); their reserves are `PoolSync`."""

from __future__ import annotations

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.log_stamp import POOL, STAMP, LogStamp
from alphapulse.data.wire import ADDRESS, U112, U256, Domain, message, wire


@message(type=202, domain=Domain.MARKET_DATA)
class PairSwap:
    """A swap in a constant-product pair (Uniswap V2 core, `Swap`). Its `PoolSync` stands directly before it.

    Both amounts of one token can be above zero: what was paid in counts before what was lent is given back.
    """

    stamp: LogStamp = wire(STAMP)
    pool: InstrumentId = wire(POOL)
    amount0_in: int = wire(U112, "token0 paid in", unit="raw token0")
    amount1_in: int = wire(U112, "token1 paid in", unit="raw token1")
    amount0_out: int = wire(U112, "token0 paid out", unit="raw token0")
    amount1_out: int = wire(U112, "token1 paid out", unit="raw token1")


@message(type=203, domain=Domain.MARKET_DATA)
class PairMint:
    """Liquidity was added to a constant-product pair (Uniswap V2 core, `Mint`)."""

    stamp: LogStamp = wire(STAMP)
    pool: InstrumentId = wire(POOL)
    amount0: int = wire(U112, "token0 paid in", unit="raw token0")
    amount1: int = wire(U112, "token1 paid in", unit="raw token1")


@message(type=204, domain=Domain.MARKET_DATA)
class PairBurn:
    """Liquidity was removed from a constant-product pair (Uniswap V2 core, `Burn`)."""

    stamp: LogStamp = wire(STAMP)
    pool: InstrumentId = wire(POOL)
    amount0: int = wire(U256, "token0 paid out", unit="raw token0")
    amount1: int = wire(U256, "token1 paid out", unit="raw token1")
    to: bytes = wire(ADDRESS, "who received them")


PairEvent = PairSwap | PairMint | PairBurn
