"""The logs of Uniswap V2 pairs and factories, and their forks (`IUniswapV2Pair.sol`, `IUniswapV2Factory.sol`)."""

from __future__ import annotations

from collections.abc import Callable

from alphapulse.data.factories import Factory
from alphapulse.data.market import PoolEvent
from alphapulse.data.pool_events import PoolCreated
from alphapulse.rules.events import pair_log
from alphapulse.rules.events.emitter import Emitter
from alphapulse.rules.events.log_words import check_topics, created, topic_of, unknown_topic, words_of
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


_READERS: dict[str, Callable[[RpcLog, Emitter, int], PoolEvent]] = {
    SYNC_TOPIC: pair_log.sync,
    SWAP_TOPIC: pair_log.swap,
    MINT_TOPIC: pair_log.mint,
    BURN_TOPIC: pair_log.burn,
}
