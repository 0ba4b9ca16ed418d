"""What to ask a pool's contract for its whole state, and what its answers mean. Pure; one row for each kind of pool.

Sources: Uniswap v2-core 1.0.1 (getReserves), v3-core 1.0.1 (slot0, liquidity, tickBitmap, ticks), Algebra v1-core
1.0.0 (globalState, liquidity, tickTable, ticks), Aerodrome and Velodrome Pool.sol (getReserves, stable).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from alphapulse.data.log_stamp import LogStamp
from alphapulse.data.market import PoolState
from alphapulse.data.pool_events import PoolFeeChanged
from alphapulse.data.pool_reserves import PoolSync, PoolTick
from alphapulse.data.pools import PAIR_KINDS, Pool, PoolKind, Trust
from alphapulse.data.verdicts import PoolTrustChanged
from alphapulse.errors import AnswerRefused
from alphapulse.rules.amm.tick_math import MAX_TICK, MIN_TICK, sqrt_ratio_at_tick
from alphapulse.rules.evm.keccak import keccak256

WORD = 32
WORD_TICKS = 256


def _selector(signature: str) -> bytes:
    return keccak256(signature.encode())[:4]


GET_RESERVES = _selector("getReserves()")
STABLE = _selector("stable()")
LIQUIDITY = _selector("liquidity()")
TICKS = _selector("ticks(int24)")


class Ticked(NamedTuple):
    """How a kind of concentrated pool is asked."""

    price: bytes
    bitmap: bytes


TICKED: Mapping[PoolKind, Ticked] = {
    PoolKind.V3: Ticked(_selector("slot0()"), _selector("tickBitmap(int16)")),
    PoolKind.ALGEBRA: Ticked(_selector("globalState()"), _selector("tickTable(int16)")),
}


class PoolHead(NamedTuple):
    """A pool's state without its ticks: of pairs reserves, of others the root of the price (Q64.96) and liquidity."""

    first: int
    second: int
    tick: int = 0
    fee_ppm: int | None = None


def is_readable(pool: Pool) -> bool:
    """True if the state of this kind of pool can be read."""
    return pool.kind in PAIR_KINDS or pool.kind in TICKED


def head_calls(pool: Pool) -> tuple[bytes, ...]:
    """Call data for what `head_of` reads."""
    if pool.kind in PAIR_KINDS:
        return (GET_RESERVES,) if pool.kind is PoolKind.V2 else (GET_RESERVES, STABLE)
    return TICKED[pool.kind].price, LIQUIDITY


def head_of(pool: Pool, answers: Sequence[bytes | None]) -> PoolHead | None:
    """The state that the answers tell; None if there is no pool there yet, or it has no price.

    Raises:
        AnswerRefused: the answers are not those of such a pool.
    """
    if any(not answer for answer in answers):
        return None
    if pool.kind in PAIR_KINDS:
        if pool.kind is not PoolKind.V2:
            (is_stable,) = _words(answers[1], 1, pool)
            if bool(is_stable) is not (pool.kind is PoolKind.SOLIDLY_STABLE):
                found = "stable" if is_stable else "volatile"
                raise AnswerRefused("pool", f"expected {pool.name} to be {pool.kind.name.lower()}, found a {found} one")
        reserve0, reserve1, _ = _words(answers[0], 3, pool)
        return PoolHead(_within(reserve0, 112, pool), _within(reserve1, 112, pool))
    price, tick, fee_ppm = _words(answers[0], 3, pool)
    (liquidity,) = _words(answers[1], 1, pool)
    if not price:
        return None
    fee = _within(fee_ppm, 16, pool) if pool.kind is PoolKind.ALGEBRA else None
    return PoolHead(_within(price, 160, pool), _within(liquidity, 128, pool), _signed(tick), fee)


def word_positions(pool: Pool) -> range:
    """Positions of all words of the pool's bitmap that can hold a tick."""
    spacing = pool.fixed_tick_spacing
    return range((MIN_TICK // spacing) >> 8, (MAX_TICK // spacing >> 8) + 1)


def word_call(pool: Pool, position: int) -> bytes:
    """Call data for one word of the bitmap."""
    return TICKED[pool.kind].bitmap + _argument(position)


def ticks_in(pool: Pool, position: int, answer: bytes | None) -> Iterator[int]:
    """The initialised ticks of a word. Raises AnswerRefused for what is no word."""
    (bits,) = _words(answer, 1, pool)
    while bits:
        bit = (bits & -bits).bit_length() - 1
        bits &= bits - 1
        yield (position * WORD_TICKS + bit) * pool.fixed_tick_spacing


def tick_call(tick: int) -> bytes:
    """Call data for one tick."""
    return TICKS + _argument(tick)


def tick_of(pool: Pool, tick: int, answer: bytes | None, stamp: LogStamp) -> PoolTick:
    """The tick that an answer tells. Raises AnswerRefused for what is none."""
    gross, net = _words(answer, 2, pool)
    return PoolTick(stamp, pool.id, tick, sqrt_ratio_at_tick(tick), _within(gross, 128, pool), _signed(net))


def messages_of(
    pool: Pool, head: PoolHead, ticks: Sequence[PoolTick] | None, stamp: LogStamp, reason: str
) -> list[object]:
    """The messages from which a book starts with the pool; without ticks it knows the range around the price only."""
    if pool.kind in PAIR_KINDS:
        sync = PoolSync(stamp, pool.id, head.first, head.second)
        return [sync, PoolTrustChanged(pool.id, Trust.PROVEN, reason, stamp.block_number)]
    messages: list[object] = [PoolState(stamp, pool.id, head.first, head.second, head.tick), *(ticks or ())]
    if head.fee_ppm is not None:
        messages.append(PoolFeeChanged(stamp, pool.id, head.fee_ppm))
    trust = Trust.IN_RANGE if ticks is None else Trust.PROVEN
    return [*messages, PoolTrustChanged(pool.id, trust, reason, stamp.block_number)]


def _argument(number: int) -> bytes:
    return number.to_bytes(WORD, "big", signed=True)


def _words(answer: bytes | None, count: int, pool: Pool) -> list[int]:
    if answer is None or len(answer) < count * WORD:
        found = "a failed call" if answer is None else f"{len(answer)} bytes"
        raise AnswerRefused("pool", f"expected {count} words of pool {pool.name}, found {found}")
    return [int.from_bytes(answer[place * WORD : (place + 1) * WORD], "big") for place in range(count)]


def _within(number: int, bits: int, pool: Pool) -> int:
    if number >> bits:
        raise AnswerRefused("pool", f"expected a number of {bits} bits of pool {pool.name}, found {number}")
    return number


def _signed(word: int) -> int:
    return word - (1 << 256) if word >> 255 else word
