"""Swaps of Uniswap V3 pools as nodes write them, in pure Python; `alphapulse.rules.events.core` is the compiled form.

Nearly every log is a Swap, so this is written for speed: no calls that can be spared, all doubts in one place. What is
unusual is left to `alphapulse.rules.events.uniswap_v3`, which knows every right form and says what is wrong.
"""

from __future__ import annotations

import struct
from binascii import unhexlify
from collections.abc import Callable

from alphapulse.data.market import LogStamp, PoolSwap
from alphapulse.rules.amm.tick_math import MAX_SQRT_RATIO, MAX_TICK, MIN_SQRT_RATIO, MIN_TICK
from alphapulse.rules.events.emitter import Emitter
from alphapulse.rules.events.hex_text import MAX_UINT128, check_address, read_block_hash, read_plain_block
from alphapulse.rules.events.rpc_log import RpcLog
from alphapulse.rules.wire.slots import maker_of

_INDEXES = {hex(index): index for index in range(1 << 13)}
"""Positions in a block as nodes write them; beyond, which is rare, they are read digit by digit."""

_split_words = struct.Struct("32s" * 5).unpack
_integer = int.from_bytes
_stamp: Callable[..., LogStamp] = maker_of(LogStamp)
_swap: Callable[..., PoolSwap] = maker_of(PoolSwap)


def plain_swap(log: RpcLog, pool: Emitter, received_ns: int) -> PoolSwap | None:
    """The event of a Swap that `pool` emitted, in the form that nodes write; None if anything is unusual.

    `received_ns` is the wall clock in ns since 1970 UTC. The caller has looked at the first topic and at `removed`.
    """
    try:
        _, sender, recipient = log.topics
        check_address(sender)
        check_address(recipient)
        data = log.data
        word0, word1, word2, word3, word4 = _split_words(unhexlify(data[2:]))
        sqrt_price_x96 = _integer(word2)
        liquidity = _integer(word3)
        tick = _integer(word4, signed=True)
        hash_text = log.transaction_hash
        transaction_hash = unhexlify(hash_text[2:])
        # A log without a time raises TypeError.
        block_number, block_time_ns = read_plain_block(log.block_number, log.block_timestamp)
        if (
            MIN_SQRT_RATIO <= sqrt_price_x96 < MAX_SQRT_RATIO
            and liquidity <= MAX_UINT128
            and MIN_TICK <= tick <= MAX_TICK
            and data[0] == "0" == hash_text[0]
            and data[1] == "x" == hash_text[1]
            and len(transaction_hash) == 32
        ):
            block_hash = log.block_hash
            return _swap(
                _stamp(
                    block_number,
                    _INDEXES[log.log_index],
                    _INDEXES[log.transaction_index],
                    transaction_hash,
                    None if block_hash is None else read_block_hash(block_hash),
                    block_time_ns,
                    received_ns,
                ),
                pool.id,
                _integer(word0, signed=True),
                _integer(word1, signed=True),
                sqrt_price_x96,
                liquidity,
                tick,
            )
    except (LookupError, ValueError, TypeError, struct.error):
        pass
    return None
