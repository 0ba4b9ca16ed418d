"""What happens to pools beside trades and positions: their beginning, flash loans, and their fees."""

from __future__ import annotations

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.log_stamp import POOL, STAMP, LogStamp
from alphapulse.data.wire import ADDRESS, I32, U16, U32, U128, U160, U256, Domain, Maybe, message, wire


@message(type=205, domain=Domain.MARKET_DATA)
class PoolCreated:
    """A factory made a pool (`PairCreated` of Uniswap V2, `PoolCreated` of Uniswap V3, `Pool` of Algebra).

    The factory says so; whether the pool is believed is decided at its admission (`PoolVerdict`).
    """

    stamp: LogStamp = wire(STAMP)
    factory: bytes = wire(ADDRESS, "emitter of the log")
    pool: InstrumentId = wire(POOL, "the new contract, at the factory's venue")
    token0: bytes = wire(ADDRESS)
    token1: bytes = wire(ADDRESS)
    fee_ppm: int | None = wire(Maybe(U32), "swap fee; absent where the event does not tell it", unit="ppm")
    tick_spacing: int | None = wire(Maybe(U16), "of a concentrated-liquidity pool; absent where it is not told")


@message(type=206, domain=Domain.MARKET_DATA)
class PoolInitialized:
    """A concentrated-liquidity pool received its first price (`Initialize`); it holds no liquidity yet."""

    stamp: LogStamp = wire(STAMP)
    pool: InstrumentId = wire(POOL)
    sqrt_price_x96: int = wire(U160, "first price", unit="sqrt(raw token1 / raw token0) * 2^96")
    tick: int = wire(I32, "first tick")


@message(type=207, domain=Domain.MARKET_DATA)
class PoolFlash:
    """A concentrated-liquidity pool lent tokens within one transaction (`Flash`); the price does not move."""

    stamp: LogStamp = wire(STAMP)
    pool: InstrumentId = wire(POOL)
    amount0: int = wire(U256, "token0 lent", unit="raw token0")
    amount1: int = wire(U256, "token1 lent", unit="raw token1")
    paid0: int = wire(U256, "token0 paid for it", unit="raw token0")
    paid1: int = wire(U256, "token1 paid for it", unit="raw token1")


@message(type=208, domain=Domain.MARKET_DATA)
class PoolFeeChanged:
    """The swap fee of a pool whose fee is dynamic (Algebra, `Fee`); in a snapshot: the fee that holds."""

    stamp: LogStamp = wire(STAMP, "the event from which on the fee holds")
    pool: InstrumentId = wire(POOL)
    fee_ppm: int = wire(U32, "swap fee", unit="ppm")


@message(type=209, domain=Domain.MARKET_DATA)
class ProtocolFeeChanged:
    """The protocol's share of a pool's fees changed (`SetFeeProtocol`; Algebra: `CommunityFee`).

    In the contract's own unit: Uniswap V3 1/n of the fees (0: none), Algebra thousandths, PancakeSwap V3 ten
    thousandths. The price of a swap does not depend on it.
    """

    stamp: LogStamp = wire(STAMP)
    pool: InstrumentId = wire(POOL)
    old0: int | None = wire(Maybe(U32), "share of token0 before; absent where the event does not tell it")
    old1: int | None = wire(Maybe(U32), "share of token1 before; absent where the event does not tell it")
    new0: int = wire(U32, "share of token0 from now on")
    new1: int = wire(U32, "share of token1 from now on")


@message(type=218, domain=Domain.MARKET_DATA)
class ProtocolFeesCollected:
    """The protocol's fees were paid out of a concentrated-liquidity pool (`CollectProtocol`)."""

    stamp: LogStamp = wire(STAMP)
    pool: InstrumentId = wire(POOL)
    recipient: bytes = wire(ADDRESS)
    amount0: int = wire(U128, "token0 paid out", unit="raw token0")
    amount1: int = wire(U128, "token1 paid out", unit="raw token1")


PoolLogEvent = PoolInitialized | PoolFlash | PoolFeeChanged | ProtocolFeeChanged | ProtocolFeesCollected
"""Those that a pool's own log says."""
