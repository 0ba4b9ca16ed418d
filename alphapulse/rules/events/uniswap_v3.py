"""The logs of Uniswap V3 pools, decoded by hand: Swap, Mint, Burn and Collect of `IUniswapV3PoolEvents.sol`.

Every word is checked against the width that the contract gives it, padding and sign extension included: a log that
the contract cannot have emitted is refused. Words that the events do not carry (sender, owner, recipient) count too.
"""

from __future__ import annotations

import struct

from alphapulse.data.market import LogStamp, PoolBurn, PoolCollect, PoolEvent, PoolMint, PoolSwap
from alphapulse.data.pools import Pool
from alphapulse.errors import LogRefused
from alphapulse.rules.amm.sqrt_price_math import MAX_UINT160
from alphapulse.rules.amm.tick_math import MAX_SQRT_RATIO, MIN_SQRT_RATIO
from alphapulse.rules.events import swap_core
from alphapulse.rules.events.hex_text import (
    MAX_UINT128,
    check_address,
    checked_tick,
    read_block_hash,
    read_block_number,
    read_bytes,
    read_index,
    read_tick,
    read_time_ns,
    shown,
    signed,
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

_split_words = {count: struct.Struct("32s" * count).unpack for count in (3, 4, 5)}
_integer = int.from_bytes


def decode_log(log: RpcLog, pool: Pool, received_ns: int) -> PoolEvent:
    """The typed event in a log that `pool` emitted; the caller has matched the address.

    `received_ns` is the wall clock at which the frame was received, in ns since 1970 UTC.

    Raises:
        LogRefused: `removed` by a reorganisation, `unknown_topic`, `wrong_topics` (their number), `wrong_length`,
            `not_hex`, `no_time` (the node told no block timestamp), `out_of_range`.
    """
    if log.removed:
        raise LogRefused("removed", f"the chain took back {shown(log.log_index)} of block {shown(log.block_number)}")
    topics = log.topics
    topic = topics[0] if topics else ""
    if topic == SWAP_TOPIC:
        return swap_core.plain_swap(log, pool, received_ns) or _swap(log, topics, pool, received_ns)
    if topic == MINT_TOPIC:
        return _mint(log, topics, pool, received_ns)
    if topic == BURN_TOPIC:
        return _burn(log, topics, pool, received_ns)
    if topic == COLLECT_TOPIC:
        return _collect(log, topics, pool, received_ns)
    raise LogRefused("unknown_topic", f"expected Swap, Mint, Burn or Collect of a V3 pool, found {shown(topic)}")


def _swap(log: RpcLog, topics: tuple[str, ...], pool: Pool, received_ns: int) -> PoolSwap:
    if len(topics) != 3:
        raise _wrong_topics(topics, 3)
    check_address(topics[1])
    check_address(topics[2])
    amount0, amount1, sqrt_price_x96, liquidity, tick = _words(log.data, 5)
    if not MIN_SQRT_RATIO <= sqrt_price_x96 < MAX_SQRT_RATIO:
        raise LogRefused("out_of_range", f"no pool has the square root of a price {sqrt_price_x96}")
    _require(liquidity <= MAX_UINT128, "liquidity", 128, liquidity)
    return PoolSwap(
        _stamp(log, received_ns),
        pool.id,
        signed(amount0),
        signed(amount1),
        sqrt_price_x96,
        liquidity,
        checked_tick(signed(tick)),
    )


def _mint(log: RpcLog, topics: tuple[str, ...], pool: Pool, received_ns: int) -> PoolMint:
    tick_lower, tick_upper = _range(topics)
    sender, liquidity, amount0, amount1 = _words(log.data, 4)
    _require(sender <= MAX_UINT160, "the sender", 160, sender)
    _require(liquidity <= MAX_UINT128, "liquidity", 128, liquidity)
    return PoolMint(_stamp(log, received_ns), pool.id, tick_lower, tick_upper, liquidity, amount0, amount1)


def _burn(log: RpcLog, topics: tuple[str, ...], pool: Pool, received_ns: int) -> PoolBurn:
    tick_lower, tick_upper = _range(topics)
    liquidity, amount0, amount1 = _words(log.data, 3)
    _require(liquidity <= MAX_UINT128, "liquidity", 128, liquidity)
    return PoolBurn(_stamp(log, received_ns), pool.id, tick_lower, tick_upper, liquidity, amount0, amount1)


def _collect(log: RpcLog, topics: tuple[str, ...], pool: Pool, received_ns: int) -> PoolCollect:
    tick_lower, tick_upper = _range(topics)
    recipient, amount0, amount1 = _words(log.data, 3)
    _require(recipient <= MAX_UINT160, "the recipient", 160, recipient)
    _require(amount0 <= MAX_UINT128, "an amount", 128, amount0)
    _require(amount1 <= MAX_UINT128, "an amount", 128, amount1)
    return PoolCollect(_stamp(log, received_ns), pool.id, tick_lower, tick_upper, amount0, amount1)


def _stamp(log: RpcLog, received_ns: int) -> LogStamp:
    if log.block_timestamp is None:
        raise LogRefused("no_time", "expected a blockTimestamp, found none: ask a node that tells it")
    return LogStamp(
        read_block_number(log.block_number),
        read_index(log.log_index),
        read_index(log.transaction_index),
        read_bytes(log.transaction_hash, 32, "a transaction hash"),
        None if log.block_hash is None else read_block_hash(log.block_hash),
        read_time_ns(log.block_timestamp),
        received_ns,
    )


def _range(topics: tuple[str, ...]) -> tuple[int, int]:
    if len(topics) != 4:
        raise _wrong_topics(topics, 4)
    check_address(topics[1])
    tick_lower, tick_upper = read_tick(topics[2]), read_tick(topics[3])
    if tick_lower >= tick_upper:
        raise LogRefused("out_of_range", f"a lower tick is below the upper, these were {tick_lower}, {tick_upper}")
    return tick_lower, tick_upper


def _words(data: str, count: int) -> list[int]:
    raw = read_bytes(data, 32 * count, f"data of {count} words")
    return [_integer(word) for word in _split_words[count](raw)]


def _require(holds: bool, what: str, bits: int, value: int) -> None:
    if not holds:
        raise LogRefused("out_of_range", f"{what} fits {bits} bits, this was {value}")


def _wrong_topics(topics: tuple[str, ...], expected: int) -> LogRefused:
    return LogRefused("wrong_topics", f"the event has {expected} topics, this log had {len(topics)}")
