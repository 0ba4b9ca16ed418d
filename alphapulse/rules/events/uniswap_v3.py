"""The logs of Uniswap V3 pools and factories and their forks (`IUniswapV3PoolEvents.sol`, `IUniswapV3Factory.sol`)."""

from __future__ import annotations

from collections.abc import Callable

from alphapulse.data.factories import Factory
from alphapulse.data.market import PoolBurn, PoolCollect, PoolEvent, PoolMint
from alphapulse.data.pool_events import (
    PoolCreated,
    PoolFlash,
    PoolInitialized,
    ProtocolFeeChanged,
    ProtocolFeesCollected,
)
from alphapulse.errors import LogRefused
from alphapulse.rules.events import concentrated_swap, pancake_v3, swap_core
from alphapulse.rules.events.emitter import Emitter
from alphapulse.rules.events.hex_text import checked_tick, read_bytes, signed
from alphapulse.rules.events.log_words import (
    check_addresses,
    check_topics,
    checked_price,
    created,
    fits,
    range_in,
    stamp_of,
    topic_address,
    topic_of,
    unknown_topic,
    words_of,
)
from alphapulse.rules.events.rpc_log import RpcLog

SWAP_TOPIC = "0xc42079f94a6350d7e6235f29174924f928cc2ac818eb64fed8004e115fbcca67"
"""keccak256 of `Swap(address,address,int256,int256,uint160,uint128,int24)`."""
MINT_TOPIC = "0x7a53080ba414158be7ec69b987b5fb7d07dee101fe85488f0853ae16239d0bde"
"""keccak256 of `Mint(address,address,int24,int24,uint128,uint256,uint256)`."""
BURN_TOPIC = "0x0c396cd989a39f4459b5fa1aed6a9a8dcdbc45908acfd67e028cd568da98982c"
"""keccak256 of `Burn(address,int24,int24,uint128,uint256,uint256)`."""
COLLECT_TOPIC = "0x70935338e69775456a85ddef226c395fb668b63fa0115f5f20610b388e6ca9c0"
"""keccak256 of `Collect(address,address,int24,int24,uint128,uint128)`."""
INITIALIZE_TOPIC = "0x98636036cb66a9c19a37435efc1e90142190214e8abeb821bdba3f2990dd4c95"
"""keccak256 of `Initialize(uint160,int24)`."""
FLASH_TOPIC = "0xbdbdb71d7860376ba52b25a5028beea23581364a40522f6bcfb86bb1f2dca633"
"""keccak256 of `Flash(address,address,uint256,uint256,uint256,uint256)`."""
COLLECT_PROTOCOL_TOPIC = "0x596b573906218d3411850b26a6b437d6c4522fdb43d2d2386263f86d50b8b151"
"""keccak256 of `CollectProtocol(address,address,uint128,uint128)`."""
SET_FEE_PROTOCOL_TOPIC = "0x973d8d92bb299f4af6ce49b52a8adb85ae46b9f214c4c4fc06ac77401237b133"
"""keccak256 of `SetFeeProtocol(uint8,uint8,uint8,uint8)`."""
POOL_CREATED_TOPIC = "0x783cca1c0412dd0d695e784568c96da2e9c22ff989357a2e8b1d9b2b4e6b7118"
"""keccak256 of `PoolCreated(address,address,uint24,int24,address)`, emitted by the factory."""

PPM = 1_000_000
MAX_TICK_SPACING = 16_383
"""`enableFeeAmount` allows no larger one."""


Reader = Callable[[RpcLog, Emitter, int], PoolEvent]


def decode_log(log: RpcLog, pool: Emitter, received_ns: int) -> PoolEvent:
    """The typed event in a log that `pool` emitted; the caller has matched the address.

    `received_ns` is the wall clock at which the frame was received, in ns since 1970 UTC.

    Raises:
        LogRefused: `removed` by a reorganisation, `unknown_topic`, `wrong_topics` (their number), `wrong_length`,
            `not_hex`, `no_time` (the node told no block timestamp), `out_of_range`.
    """
    # Nearly every log is a Swap: no call is made for it that can be spared.
    topics = log.topics
    if topics and topics[0] == SWAP_TOPIC and not log.removed:
        return swap_core.plain_swap(log, pool, received_ns) or concentrated_swap.swap(log, pool, received_ns)
    topic = topic_of(log)
    read = SHARED.get(topic) or _OWN.get(topic)
    if read is None:
        raise unknown_topic("a V3 pool", topic)
    return read(log, pool, received_ns)


def decode_created(log: RpcLog, factory: Factory, received_ns: int) -> PoolCreated:
    """The new pool in a log that `factory` emitted; the caller has matched the address.

    Raises:
        LogRefused: as `decode_log`; `wrong_address` if the factory would have given the pool another address.
    """
    topic = topic_of(log)
    if topic != POOL_CREATED_TOPIC:
        raise unknown_topic("a V3 factory", topic)
    check_topics(log.topics, 4)
    fee_ppm = int.from_bytes(read_bytes(log.topics[3], 32, "a topic"), "big")
    if fee_ppm >= PPM:
        raise LogRefused("out_of_range", f"a fee is below {PPM} ppm, this was {fee_ppm}")
    spacing, pool = words_of(log.data, 2)
    if not 0 < spacing <= MAX_TICK_SPACING:
        raise LogRefused("out_of_range", f"a tick spacing is 1 to {MAX_TICK_SPACING}, this was {signed(spacing)}")
    return created(log, factory, received_ns, pool=pool, fee_ppm=fee_ppm, tick_spacing=spacing)


def _mint(log: RpcLog, pool: Emitter, received_ns: int) -> PoolMint:
    tick_lower, tick_upper = range_in(log.topics)
    sender, liquidity, amount0, amount1 = words_of(log.data, 4)
    fits("the sender", 160, sender)
    fits("liquidity", 128, liquidity)
    return PoolMint(stamp_of(log, received_ns), pool.id, tick_lower, tick_upper, liquidity, amount0, amount1)


def _burn(log: RpcLog, pool: Emitter, received_ns: int) -> PoolBurn:
    tick_lower, tick_upper = range_in(log.topics)
    liquidity, amount0, amount1 = words_of(log.data, 3)
    fits("liquidity", 128, liquidity)
    return PoolBurn(stamp_of(log, received_ns), pool.id, tick_lower, tick_upper, liquidity, amount0, amount1)


def _collect(log: RpcLog, pool: Emitter, received_ns: int) -> PoolCollect:
    tick_lower, tick_upper = range_in(log.topics)
    recipient, amount0, amount1 = words_of(log.data, 3)
    fits("the recipient", 160, recipient)
    fits("an amount", 128, amount0)
    fits("an amount", 128, amount1)
    return PoolCollect(stamp_of(log, received_ns), pool.id, tick_lower, tick_upper, amount0, amount1)


def _initialize(log: RpcLog, pool: Emitter, received_ns: int) -> PoolInitialized:
    check_topics(log.topics, 1)
    sqrt_price_x96, tick = words_of(log.data, 2)
    return PoolInitialized(
        stamp_of(log, received_ns), pool.id, checked_price(sqrt_price_x96), checked_tick(signed(tick))
    )


def _flash(log: RpcLog, pool: Emitter, received_ns: int) -> PoolFlash:
    check_addresses(log.topics, 3)
    return PoolFlash(stamp_of(log, received_ns), pool.id, *words_of(log.data, 4))


def _collect_protocol(log: RpcLog, pool: Emitter, received_ns: int) -> ProtocolFeesCollected:
    check_addresses(log.topics, 3)
    amount0, amount1 = words_of(log.data, 2)
    fits("an amount", 128, amount0)
    fits("an amount", 128, amount1)
    return ProtocolFeesCollected(stamp_of(log, received_ns), pool.id, topic_address(log.topics[2]), amount0, amount1)


def _set_fee_protocol(log: RpcLog, pool: Emitter, received_ns: int) -> ProtocolFeeChanged:
    check_topics(log.topics, 1)
    shares = [fits("a share of the fees", 8, word) for word in words_of(log.data, 4)]
    return ProtocolFeeChanged(stamp_of(log, received_ns), pool.id, *shares)


SHARED: dict[str, Reader] = {
    MINT_TOPIC: _mint,
    BURN_TOPIC: _burn,
    COLLECT_TOPIC: _collect,
    INITIALIZE_TOPIC: _initialize,
    FLASH_TOPIC: _flash,
}
"""Events beside Swap that forks with other fees (Algebra, PancakeSwap V3) have too, of the same form and meaning."""

_OWN: dict[str, Reader] = {
    COLLECT_PROTOCOL_TOPIC: _collect_protocol,
    SET_FEE_PROTOCOL_TOPIC: _set_fee_protocol,
    pancake_v3.SWAP_TOPIC: pancake_v3.swap,
    pancake_v3.SET_FEE_PROTOCOL_TOPIC: pancake_v3.set_fee_protocol,
}
"""PancakeSwap V3 is a V3 pool whose own two events have topics of their own; a verified contract emits one set only."""
