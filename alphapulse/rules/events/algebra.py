"""The logs of Algebra v1 pools and factories, such as QuickSwap V3's (`IAlgebraPoolEvents.sol`, `IAlgebraFactory.sol`).

Swap, Mint, Burn, Collect, Flash and Initialize have the topic and the form of Uniswap V3's; only the emitter tells
them apart. The fee of a swap is not in its event: it is that of the last Fee event, which comes first if both change.
"""

from __future__ import annotations

from alphapulse.data.factories import Factory
from alphapulse.data.market import PoolEvent
from alphapulse.data.pool_events import PoolCreated, PoolFeeChanged, ProtocolFeeChanged
from alphapulse.rules.events import concentrated_swap, swap_core, uniswap_v3
from alphapulse.rules.events.emitter import Emitter
from alphapulse.rules.events.log_words import check_topics, created, fits, stamp_of, topic_of, unknown_topic, words_of
from alphapulse.rules.events.rpc_log import RpcLog

FEE_TOPIC = "0x598b9f043c813aa6be3426ca60d1c65d17256312890be5118dab55b0775ebe2a"
"""keccak256 of `Fee(uint16)`."""
COMMUNITY_FEE_TOPIC = "0x9e22b964b08e25c3aaa72102bb0071c089258fb82d51271a8ddf5c24921356ee"
"""keccak256 of `CommunityFee(uint8,uint8)`."""
POOL_TOPIC = "0x91ccaa7a278130b65168c3a0c8d3bcae84cf5e43704342bd3ec0b59e59c036db"
"""keccak256 of `Pool(address,address,address)`, emitted by the factory."""


def decode_log(log: RpcLog, pool: Emitter, received_ns: int) -> PoolEvent:
    """The typed event in a log that the Algebra pool `pool` emitted; the caller has matched the address.

    Raises:
        LogRefused: as `uniswap_v3.decode_log`.
    """
    topic = topic_of(log)
    if topic == uniswap_v3.SWAP_TOPIC:
        return swap_core.plain_swap(log, pool, received_ns) or concentrated_swap.swap(log, pool, received_ns)
    if topic == FEE_TOPIC:
        return _fee(log, pool, received_ns)
    if topic == COMMUNITY_FEE_TOPIC:
        return _community_fee(log, pool, received_ns)
    read = uniswap_v3.SHARED.get(topic)
    if read is None:
        raise unknown_topic("an Algebra pool", topic)
    return read(log, pool, received_ns)


def decode_created(log: RpcLog, factory: Factory, received_ns: int) -> PoolCreated:
    """The new pool in a log that `factory` emitted; the caller has matched the address.

    Raises:
        LogRefused: as `decode_log`; `wrong_address` if the factory would have given the pool another address.
    """
    topic = topic_of(log)
    if topic != POOL_TOPIC:
        raise unknown_topic("an Algebra factory", topic)
    check_topics(log.topics, 3)
    (pool,) = words_of(log.data, 1)
    return created(log, factory, received_ns, pool=pool)


def _fee(log: RpcLog, pool: Emitter, received_ns: int) -> PoolFeeChanged:
    check_topics(log.topics, 1)
    (fee_ppm,) = words_of(log.data, 1)
    return PoolFeeChanged(stamp_of(log, received_ns), pool.id, fits("a fee", 16, fee_ppm))


def _community_fee(log: RpcLog, pool: Emitter, received_ns: int) -> ProtocolFeeChanged:
    check_topics(log.topics, 1)
    new0, new1 = (fits("a share of the fees", 8, word) for word in words_of(log.data, 2))
    return ProtocolFeeChanged(stamp_of(log, received_ns), pool.id, None, None, new0, new1)
