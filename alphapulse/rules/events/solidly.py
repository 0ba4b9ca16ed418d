"""The logs of Solidly's pools: Velodrome, Aerodrome, forks of the first version (`IPool.sol`, `BaseV1-core.sol`).

Both generations tell reserves alike; the first writes Swap and Burn as Uniswap V2 does. `Fees` and `Claim` move what
lies beside the reserves and are `unknown_topic`, as are a token's own events.
"""

from __future__ import annotations

from collections.abc import Callable

from alphapulse.data.market import PoolEvent
from alphapulse.data.pair_events import PairBurn, PairMint, PairSwap
from alphapulse.data.pool_reserves import PoolSync
from alphapulse.errors import LogRefused
from alphapulse.rules.events import uniswap_v2
from alphapulse.rules.events.emitter import Emitter
from alphapulse.rules.events.log_words import (
    check_addresses,
    check_topics,
    fits,
    stamp_of,
    topic_address,
    topic_of,
    unknown_topic,
    words_of,
)
from alphapulse.rules.events.rpc_log import RpcLog

SWAP_TOPIC = "0xb3e2773606abfd36b5bd91394b3a54d1398336c65005baf7bf7a05efeffaf75b"
"""keccak256 of `Swap(address,address,uint256,uint256,uint256,uint256)`."""
SYNC_TOPIC = "0xcf2aa50876cdfbb541206f89af0ee78d44a2abf8d328e37fa4917f982149848a"
"""keccak256 of `Sync(uint256,uint256)`."""
BURN_TOPIC = "0x5d624aa9c148153ab3446c1b154f660ee7701e549fe9b62dab7171b1c80e6fa2"
"""keccak256 of `Burn(address,address,uint256,uint256)`."""

CARRIED_BITS = uniswap_v2.RESERVE_BITS
"""The contract's reserves have 256 bits, the messages that carry them 112: a pool beyond that is not followed."""


def decode_log(log: RpcLog, pool: Emitter, received_ns: int) -> PoolEvent:
    """The typed event in a log that the pool emitted; the caller has matched the address.

    Raises:
        LogRefused: as `uniswap_v3.decode_log`.
    """
    topic = topic_of(log)
    read = _READERS.get(topic)
    if read is None:
        raise unknown_topic("a Solidly pool", topic)
    return read(log, pool, received_ns)


def _sync(log: RpcLog, pool: Emitter, received_ns: int) -> PoolSync:
    check_topics(log.topics, 1)
    reserve0, reserve1 = (fits("a reserve that is followed", CARRIED_BITS, word) for word in words_of(log.data, 2))
    return PoolSync(stamp_of(log, received_ns), pool.id, reserve0, reserve1)


def _swap(log: RpcLog, pool: Emitter, received_ns: int) -> PairSwap:
    check_addresses(log.topics, 3)
    amounts = [fits("an amount that is followed", CARRIED_BITS, word) for word in words_of(log.data, 4)]
    if not any(amounts[:2]) or not any(amounts[2:]):
        raise LogRefused("out_of_range", "a pool swaps something for something, here one side was nothing")
    return PairSwap(stamp_of(log, received_ns), pool.id, *amounts)


def _mint(log: RpcLog, pool: Emitter, received_ns: int) -> PairMint:
    check_addresses(log.topics, 2)
    amount0, amount1 = (fits("an amount that is followed", CARRIED_BITS, word) for word in words_of(log.data, 2))
    return PairMint(stamp_of(log, received_ns), pool.id, amount0, amount1)


def _burn(log: RpcLog, pool: Emitter, received_ns: int) -> PairBurn:
    check_addresses(log.topics, 3)
    amount0, amount1 = words_of(log.data, 2)
    return PairBurn(stamp_of(log, received_ns), pool.id, amount0, amount1, topic_address(log.topics[2]))


_READERS: dict[str, Callable[[RpcLog, Emitter, int], PoolEvent]] = {
    SYNC_TOPIC: _sync,
    SWAP_TOPIC: _swap,
    uniswap_v2.SWAP_TOPIC: _swap,  # the same words; only the recipient's topic stands elsewhere
    uniswap_v2.MINT_TOPIC: _mint,
    BURN_TOPIC: _burn,
    uniswap_v2.BURN_TOPIC: _burn,
}
