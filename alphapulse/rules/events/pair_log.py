"""The logs of pairs with two reserves: Uniswap V2's and Solidly's tell the same in the same words."""

from __future__ import annotations

from alphapulse.data.pair_events import PairBurn, PairMint, PairSwap
from alphapulse.data.pool_reserves import PoolSync
from alphapulse.errors import LogRefused
from alphapulse.rules.events.emitter import Emitter
from alphapulse.rules.events.log_words import check_addresses, check_topics, fits, stamp_of, topic_address, words_of
from alphapulse.rules.events.rpc_log import RpcLog

RESERVE_BITS = 112
"""What Uniswap's reserves have, and the messages that carry them. Its pairs refuse balances that do not fit, so nothing
that is paid in or traded is wider; Solidly's have 256 bits, and a pool beyond 112 is not followed."""


def sync(log: RpcLog, pool: Emitter, received_ns: int) -> PoolSync:
    """The reserves after a change. Raises LogRefused."""
    check_topics(log.topics, 1)
    reserve0, reserve1 = (fits("a reserve", RESERVE_BITS, word) for word in words_of(log.data, 2))
    return PoolSync(stamp_of(log, received_ns), pool.id, reserve0, reserve1)


def swap(log: RpcLog, pool: Emitter, received_ns: int) -> PairSwap:
    """What was paid in and out; where the recipient's topic stands does not matter. Raises LogRefused."""
    check_addresses(log.topics, 3)
    amount0_in, amount1_in, amount0_out, amount1_out = (
        fits("an amount", RESERVE_BITS, word) for word in words_of(log.data, 4)
    )
    if not (amount0_in or amount1_in) or not (amount0_out or amount1_out):
        raise LogRefused("out_of_range", "a pair swaps something for something, here one side was nothing")
    return PairSwap(stamp_of(log, received_ns), pool.id, amount0_in, amount1_in, amount0_out, amount1_out)


def mint(log: RpcLog, pool: Emitter, received_ns: int) -> PairMint:
    """What was put in. Raises LogRefused."""
    check_addresses(log.topics, 2)
    amount0, amount1 = (fits("an amount", RESERVE_BITS, word) for word in words_of(log.data, 2))
    return PairMint(stamp_of(log, received_ns), pool.id, amount0, amount1)


def burn(log: RpcLog, pool: Emitter, received_ns: int) -> PairBurn:
    """What was taken out, and by whom. Raises LogRefused."""
    check_addresses(log.topics, 3)
    # Tokens that were given to the pair are paid out too, and these can be more than its reserves hold.
    amount0, amount1 = words_of(log.data, 2)
    return PairBurn(stamp_of(log, received_ns), pool.id, amount0, amount1, topic_address(log.topics[2]))
