"""The path that a transaction to the executor contract carried, read back from its call data. Pure."""

from __future__ import annotations

import attrs

from alphapulse.data.instruments import ADDRESS_SIZE
from alphapulse.rules.evm.executor_path import (
    SELECTOR_SIZE,
    TOKEN0_IS_SOLD,
    WORD,
    ExecutorPath,
    Funding,
    LegKind,
    PathLeg,
)
from alphapulse.rules.execution.path_planning import EXECUTE

HEADER, LEG = 81, 60
"""Sizes in bytes, as `contracts/executor.vy` packs them."""
MOST = (1 << 128) - 1
NEVER = (1 << 64) - 1


def called_path(data: bytes) -> ExecutorPath | None:
    """The path of a call of `execute`, None for any other call data."""
    head = SELECTOR_SIZE + 2 * WORD
    if data[:SELECTOR_SIZE] != EXECUTE or len(data) < head:
        return None
    size = int.from_bytes(data[SELECTOR_SIZE + WORD : head], "big")
    packed = data[head : head + size]
    if len(packed) != size or size < HEADER + LEG or (size - HEADER) % LEG:
        return None
    try:
        return ExecutorPath(
            funding=Funding(packed[0]),
            deadline=int.from_bytes(packed[1:9], "big"),
            least_profit=int.from_bytes(packed[9:25], "big"),
            amount_in=int.from_bytes(packed[25:41], "big"),
            base=packed[41:61],
            legs=tuple(_leg(packed[at : at + LEG]) for at in range(HEADER, size, LEG)),
            lender=packed[61:81],
        )
    except ValueError:
        return None


def measuring(path: ExecutorPath) -> ExecutorPath:
    """The same path with terms under which the contract always refuses, and says what the last leg has paid."""
    *others, last = path.legs
    legs = (*(attrs.evolve(leg, least_out=0) for leg in others), attrs.evolve(last, least_out=MOST))
    return attrs.evolve(path, deadline=NEVER, least_profit=0, legs=legs)


def _leg(packed: bytes) -> PathLeg:
    flags = packed[ADDRESS_SIZE]
    return PathLeg(
        pool=packed[:ADDRESS_SIZE],
        kind=LegKind(flags & ~TOKEN0_IS_SOLD),
        zero_for_one=bool(flags & TOKEN0_IS_SOLD),
        fee_ppm=int.from_bytes(packed[21:24], "big"),
        least_out=int.from_bytes(packed[24:40], "big"),
        token_out=packed[40:60],
    )


def sold_in(path: ExecutorPath) -> tuple[bytes, ...]:
    """The token that each leg sells."""
    return (path.base, *(leg.token_out for leg in path.legs[:-1]))


def pairs_of(path: ExecutorPath) -> dict[bytes, tuple[bytes, bytes]]:
    """Token0 and token1 of the path's V2 pairs, by pool."""
    return {
        leg.pool: (sold, leg.token_out) if leg.zero_for_one else (leg.token_out, sold)
        for leg, sold in zip(path.legs, sold_in(path), strict=True)
        if leg.kind is LegKind.V2
    }
