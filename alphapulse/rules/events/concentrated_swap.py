"""A Swap of a pool with concentrated liquidity: the five words that Uniswap V3 and what descends from it begin with."""

from __future__ import annotations

from alphapulse.data.market import PoolSwap
from alphapulse.rules.events.emitter import Emitter
from alphapulse.rules.events.hex_text import checked_tick, signed
from alphapulse.rules.events.log_words import check_addresses, checked_price, fits, stamp_of, words_of
from alphapulse.rules.events.rpc_log import RpcLog

WORDS = 5


def swap(log: RpcLog, pool: Emitter, received_ns: int, *, protocol_fees: int = 0) -> PoolSwap:
    """A Swap in any right form. `protocol_fees` words of uint128 may follow; they are checked and left out.

    Raises:
        LogRefused: as `uniswap_v3.decode_log`.
    """
    check_addresses(log.topics, 3)
    amount0, amount1, sqrt_price_x96, liquidity, tick, *fees = words_of(log.data, WORDS + protocol_fees)
    for fee in fees:
        fits("the protocol's fees", 128, fee)
    return PoolSwap(
        stamp_of(log, received_ns),
        pool.id,
        signed(amount0),
        signed(amount1),
        checked_price(sqrt_price_x96),
        fits("liquidity", 128, liquidity),
        checked_tick(signed(tick)),
    )
