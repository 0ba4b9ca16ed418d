"""`0x…` text of JSON-RPC read strictly: what Python's own readers forgive (signs, spaces, underscores) is refused.

Some readers remember what they read last: logs share positions, block hashes and the routers' addresses. Refusals are
not remembered, so a flood of garbage cannot push out what is in use.
"""

from __future__ import annotations

import re
from binascii import unhexlify
from functools import lru_cache

from alphapulse.errors import LogRefused
from alphapulse.rules.amm.sqrt_price_math import MAX_UINT160
from alphapulse.rules.amm.tick_math import MAX_TICK, MIN_TICK

MAX_UINT32 = (1 << 32) - 1
MAX_UINT64 = (1 << 64) - 1
MAX_UINT128 = (1 << 128) - 1
NS_PER_SECOND = 1_000_000_000
MAX_TIME_S = MAX_UINT64 // NS_PER_SECOND

_QUANTITY = re.compile("0x[0-9a-fA-F]{1,64}")
_SHOWN = 80


def read_bytes(text: str, size: int, what: str) -> bytes:
    """The `size` bytes in `text`.

    Raises:
        LogRefused: `wrong_length` or `not_hex`.
    """
    if len(text) != 2 + 2 * size:
        raise LogRefused("wrong_length", f"{what} is 0x and {2 * size} hex digits, this was {shown(text)}")
    try:
        value = unhexlify(text[2:])
    except ValueError:
        raise not_hex(what, text) from None
    if text[:2] != "0x":
        raise not_hex(what, text)
    return value


def not_hex(what: str, text: str) -> LogRefused:
    """The refusal of `text` that is not `0x` and hex digits."""
    return LogRefused("not_hex", f"{what} is 0x and hex digits, this was {shown(text)}")


def shown(text: str) -> str:
    """`text` as it may stand in a message: quoted, and cut if it is long."""
    return repr(text) if len(text) <= _SHOWN else f"{text[:_SHOWN]!r}… ({len(text)} characters)"


@lru_cache(maxsize=4_096)
def read_index(text: str) -> int:
    """A position in a block, u32. Raises LogRefused: `not_hex`, `out_of_range`."""
    return read_quantity(text, MAX_UINT32, "a position in a block")


@lru_cache(maxsize=16)
def read_plain_block(number_text: str, time_text: str) -> tuple[int, int]:
    """Number and timestamp (ns since 1970 UTC) of a block as nodes write them.

    The logs of a block come together, so a few blocks are enough to remember.

    Raises:
        ValueError, TypeError: anything is unusual.
    """
    number, time_s = int(number_text, 16), int(time_text, 16)
    # Python also reads signs, spaces and underscores; a number that is written back alike has none but a minus.
    if (
        hex(number) == number_text
        and hex(time_s) == time_text
        and 0 <= number <= MAX_UINT64
        and 0 <= time_s <= MAX_TIME_S
    ):
        return number, time_s * NS_PER_SECOND
    raise ValueError


def read_block_number(text: str) -> int:
    """A block number, u64. Raises LogRefused: `not_hex`, `out_of_range`."""
    return read_quantity(text, MAX_UINT64, "a block number")


def read_time_ns(text: str) -> int:
    """A block timestamp in seconds as nanoseconds, u64. Raises LogRefused: `not_hex`, `out_of_range`."""
    return read_quantity(text, MAX_TIME_S, "a block timestamp") * NS_PER_SECOND


@lru_cache(maxsize=256)
def read_block_hash(text: str) -> bytes:
    """A block hash, 32 bytes. Raises LogRefused: `wrong_length`, `not_hex`."""
    return read_bytes(text, 32, "a block hash")


@lru_cache(maxsize=4_096)
def check_address(topic: str) -> None:
    """Refuse a topic that is not an address in a 32-byte word: `wrong_length`, `not_hex`, `out_of_range`."""
    if int.from_bytes(read_bytes(topic, 32, "a topic"), "big") > MAX_UINT160:
        raise LogRefused("out_of_range", f"an address fits 160 bits, this was {topic}")


def read_tick(topic: str) -> int:
    """A tick in a 32-byte word with its sign extended. Raises LogRefused: `wrong_length`, `not_hex`, `out_of_range`."""
    return checked_tick(signed(int.from_bytes(read_bytes(topic, 32, "a topic"), "big")))


def checked_tick(tick: int) -> int:
    """`tick`, if a pool can have it. Raises LogRefused: `out_of_range`."""
    if not MIN_TICK <= tick <= MAX_TICK:
        raise LogRefused("out_of_range", f"a tick lies within {MIN_TICK} and {MAX_TICK}, this was {tick}")
    return tick


def signed(word: int) -> int:
    """A 32-byte word as the two's complement number that it holds."""
    return word - (1 << 256) if word >> 255 else word


def read_quantity(text: str, limit: int, what: str) -> int:
    """A number of at most `limit`. Raises LogRefused: `not_hex`, `out_of_range`."""
    # Python's own reader also takes signs, spaces and underscores.
    if not _QUANTITY.fullmatch(text):
        raise not_hex(what, text)
    value = int(text, 16)
    if value > limit:
        raise LogRefused("out_of_range", f"{what} is at most {limit}, this was {shown(text)}")
    return value
