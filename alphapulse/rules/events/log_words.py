"""What logs of all protocols have in common: their stamp, and words of 32 bytes in topics and data, read strictly.

Every word is checked against the width that the contract gives it, padding and sign extension included: a log that
the contract cannot have emitted is refused. Words that an event does not carry on (sender, owner) count too.
"""

from __future__ import annotations

from alphapulse.data.factories import Factory
from alphapulse.data.instruments import InstrumentId
from alphapulse.data.market import LogStamp
from alphapulse.data.pool_events import PoolCreated
from alphapulse.errors import LogRefused
from alphapulse.rules.amm.sqrt_price_math import MAX_UINT160
from alphapulse.rules.amm.tick_math import MAX_SQRT_RATIO, MIN_SQRT_RATIO
from alphapulse.rules.events.hex_text import (
    check_address,
    read_block_hash,
    read_block_number,
    read_bytes,
    read_index,
    read_tick,
    read_time_ns,
    shown,
)
from alphapulse.rules.events.rpc_log import RpcLog
from alphapulse.rules.evm.create2 import pool_address

WORD = 32
_integer = int.from_bytes


def topic_of(log: RpcLog) -> str:
    """The first topic, empty if there is none. Raises LogRefused: `removed` by a reorganisation."""
    if log.removed:
        raise LogRefused("removed", f"the chain took back {shown(log.log_index)} of block {shown(log.block_number)}")
    topics = log.topics
    return topics[0] if topics else ""


def unknown_topic(whose: str, topic: str) -> LogRefused:
    """The refusal of an event that `whose` contract does not have, or that nothing depends on."""
    return LogRefused("unknown_topic", f"expected an event of {whose}, found {shown(topic)}")


def stamp_of(log: RpcLog, received_ns: int) -> LogStamp:
    """Where and when a log was emitted. Raises LogRefused: `no_time`, `wrong_length`, `not_hex`, `out_of_range`."""
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


def words_of(data: str, count: int) -> list[int]:
    """The `count` words of a log's data, unsigned. Raises LogRefused: `wrong_length`, `not_hex`."""
    raw = read_bytes(data, WORD * count, f"data of {count} words")
    return [_integer(raw[start : start + WORD]) for start in range(0, len(raw), WORD)]


def check_topics(topics: tuple[str, ...], expected: int) -> None:
    """Refuse another number of topics than the event has: `wrong_topics`."""
    if len(topics) != expected:
        raise LogRefused("wrong_topics", f"the event has {expected} topics, this log had {len(topics)}")


def check_addresses(topics: tuple[str, ...], expected: int) -> None:
    """Refuse another number of topics, and any behind the first that is no address: `wrong_topics` and the word's."""
    check_topics(topics, expected)
    for topic in topics[1:]:
        check_address(topic)


def fits(what: str, bits: int, value: int) -> int:
    """`value`, if it fits `bits` bits. Raises LogRefused: `out_of_range`."""
    if value >> bits:
        raise LogRefused("out_of_range", f"{what} fits {bits} bits, this was {value}")
    return value


def address_in(what: str, word: int) -> bytes:
    """The address in a word of the data. Raises LogRefused: `out_of_range`."""
    if word > MAX_UINT160:
        raise LogRefused("out_of_range", f"{what} fits 160 bits, this was {word}")
    return word.to_bytes(20, "big")


def topic_address(topic: str) -> bytes:
    """The address in a topic. Raises LogRefused: `wrong_length`, `not_hex`, `out_of_range`."""
    check_address(topic)
    return bytes.fromhex(topic[26:])


def checked_price(sqrt_price_x96: int) -> int:
    """`sqrt_price_x96`, if a concentrated-liquidity pool can have it. Raises LogRefused: `out_of_range`."""
    if not MIN_SQRT_RATIO <= sqrt_price_x96 < MAX_SQRT_RATIO:
        raise LogRefused("out_of_range", f"no pool has the square root of a price {sqrt_price_x96}")
    return sqrt_price_x96


def range_in(topics: tuple[str, ...]) -> tuple[int, int]:
    """Lower and upper tick behind an owner: four topics. Raises LogRefused: `wrong_topics` and a word's reasons."""
    check_topics(topics, 4)
    check_address(topics[1])
    tick_lower, tick_upper = read_tick(topics[2]), read_tick(topics[3])
    if tick_lower >= tick_upper:
        raise LogRefused("out_of_range", f"a lower tick is below the upper, these were {tick_lower}, {tick_upper}")
    return tick_lower, tick_upper


def token_pair(topics: tuple[str, ...]) -> tuple[bytes, bytes]:
    """The tokens in topics 1 and 2 of a factory's log. Raises LogRefused: a word's reasons, `out_of_range`."""
    token0, token1 = topic_address(topics[1]), topic_address(topics[2])
    if not bytes(20) < token0 < token1:
        raise LogRefused("out_of_range", f"token0 is above zero and below token1, these were {topics[1]}, {topics[2]}")
    return token0, token1


def created(
    log: RpcLog,
    factory: Factory,
    received_ns: int,
    *,
    pool: int,
    fee_ppm: int | None = None,
    tick_spacing: int | None = None,
) -> PoolCreated:
    """The pool that a factory's log tells of, at the address in the word `pool` of its data.

    Raises:
        LogRefused: a word's reasons; `wrong_address` if the factory would have given the pool another address;
            `unknown_chain` if no id of the pool can be made.
    """
    if factory.venue is None:
        raise LogRefused("unknown_chain", f"expected a chain with a venue, found {factory.chain_id}")
    token0, token1 = token_pair(log.topics)
    found = address_in("the pool's address", pool)
    if not pool or found != (pool_address(factory, token0, token1, fee_ppm) or found):
        raise LogRefused("wrong_address", f"{factory.name} does not make this pool at 0x{found.hex()}")
    return PoolCreated(
        stamp_of(log, received_ns),
        read_bytes(log.address, 20, "an emitter"),
        InstrumentId.from_pool_address(found, factory.venue),
        token0,
        token1,
        fee_ppm,
        tick_spacing,
    )
