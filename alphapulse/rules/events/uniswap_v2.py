"""The logs of Uniswap V2 pairs and factories, and their forks (`IUniswapV2Pair.sol`, `IUniswapV2Factory.sol`)."""

from __future__ import annotations

from collections.abc import Callable

from alphapulse.data.factories import Factory
from alphapulse.data.market import PoolEvent
from alphapulse.data.pair_events import PairBurn, PairMint, PairSwap
from alphapulse.data.pool_events import PoolCreated
from alphapulse.data.pool_reserves import PoolSync
from alphapulse.errors import LogRefused
from alphapulse.rules.events.emitter import Emitter
from alphapulse.rules.events.log_words import (
    check_addresses,
    check_topics,
    created,
    fits,
    stamp_of,
    topic_address,
    topic_of,
    unknown_topic,
    words_of,
)
from alphapulse.rules.events.rpc_log import RpcLog

SWAP_TOPIC = "0xd78ad95fa46c994b6551d0da85fc275fe613ce37657fb8d5e3d130840159d822"
"""keccak256 of `Swap(address,uint256,uint256,uint256,uint256,address)`."""
SYNC_TOPIC = "0x1c411e9a96e071241c2f21f7726b17ae89e3cab4c78be50e062b03a9fffbbad1"
"""keccak256 of `Sync(uint112,uint112)`."""
MINT_TOPIC = "0x4c209b5fc8ad50758f13e2e1088ba56a560dff690a1c6fef26394f4c03821c4f"
"""keccak256 of `Mint(address,uint256,uint256)`."""
BURN_TOPIC = "0xdccd412f0b1252819cb1fd330b93224ca42612892bb3f4f789976e6d81936496"
"""keccak256 of `Burn(address,uint256,uint256,address)`."""
PAIR_CREATED_TOPIC = "0x0d3648bd0f6ba80134a33ba9275ac585d9d315f0ad8355cddefde31afa28d0e9"
"""keccak256 of `PairCreated(address,address,address,uint256)`, emitted by the factory."""

RESERVE_BITS = 112
"""A pair refuses balances that do not fit its reserves, so nothing that is paid in or traded is wider."""


def decode_log(log: RpcLog, pool: Emitter, received_ns: int) -> PoolEvent:
    """The typed event in a log that the pair `pool` emitted; the caller has matched the address.

    A pair is a token too: its Transfer and Approval are `unknown_topic`, as nothing here depends on them.

    Raises:
        LogRefused: as `uniswap_v3.decode_log`.
    """
    topic = topic_of(log)
    read = _READERS.get(topic)
    if read is None:
        raise unknown_topic("a V2 pair", topic)
    return read(log, pool, received_ns)


def decode_created(log: RpcLog, factory: Factory, received_ns: int) -> PoolCreated:
    """The new pair in a log that `factory` emitted; the caller has matched the address.

    Raises:
        LogRefused: as `decode_log`; `wrong_address` if the factory would have given the pair another address.
    """
    topic = topic_of(log)
    if topic != PAIR_CREATED_TOPIC:
        raise unknown_topic("a V2 factory", topic)
    check_topics(log.topics, 3)
    pair, _ = words_of(log.data, 2)
    return created(log, factory, received_ns, pool=pair)


def _swap(log: RpcLog, pool: Emitter, received_ns: int) -> PairSwap:
    check_addresses(log.topics, 3)
    amount0_in, amount1_in, amount0_out, amount1_out = (
        fits("an amount", RESERVE_BITS, word) for word in words_of(log.data, 4)
    )
    if not (amount0_in or amount1_in) or not (amount0_out or amount1_out):
        raise LogRefused("out_of_range", "a pair swaps something for something, here one side was nothing")
    return PairSwap(stamp_of(log, received_ns), pool.id, amount0_in, amount1_in, amount0_out, amount1_out)


def _sync(log: RpcLog, pool: Emitter, received_ns: int) -> PoolSync:
    check_topics(log.topics, 1)
    reserve0, reserve1 = (fits("a reserve", RESERVE_BITS, word) for word in words_of(log.data, 2))
    return PoolSync(stamp_of(log, received_ns), pool.id, reserve0, reserve1)


def _mint(log: RpcLog, pool: Emitter, received_ns: int) -> PairMint:
    check_addresses(log.topics, 2)
    amount0, amount1 = (fits("an amount", RESERVE_BITS, word) for word in words_of(log.data, 2))
    return PairMint(stamp_of(log, received_ns), pool.id, amount0, amount1)


def _burn(log: RpcLog, pool: Emitter, received_ns: int) -> PairBurn:
    check_addresses(log.topics, 3)
    # Tokens that were given to the pair are paid out too, and these can be more than its reserves hold.
    amount0, amount1 = words_of(log.data, 2)
    return PairBurn(stamp_of(log, received_ns), pool.id, amount0, amount1, topic_address(log.topics[2]))


_READERS: dict[str, Callable[[RpcLog, Emitter, int], PoolEvent]] = {
    SYNC_TOPIC: _sync,
    SWAP_TOPIC: _swap,
    MINT_TOPIC: _mint,
    BURN_TOPIC: _burn,
}
