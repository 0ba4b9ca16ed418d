"""Which contracts are pools of a factory that is known, and which of them are looked at at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from alphapulse.data.factories import Factory, FactoryKind
from alphapulse.data.pools import PoolKind
from alphapulse.rules.events.topics import POOL_TOPICS
from alphapulse.rules.evm.create2 import pool_address

KINDS: Mapping[FactoryKind, PoolKind] = {
    FactoryKind.V2: PoolKind.V2,
    FactoryKind.V3: PoolKind.V3,
    FactoryKind.ALGEBRA: PoolKind.ALGEBRA,
}
"""Factories whose pools can be followed."""

NO_POOL = "it is no contract that tells a factory and two tokens"
"""Of most emitters on a chain: they do not even claim to be pools."""

MAX_FEE_PPM = 999_999
MAX_TICK_SPACING = 16_383


@attrs.frozen
class PoolReading:
    """What a contract says of itself; None where it says nothing that can be read. It may say anything."""

    address: bytes
    factory: bytes | None
    token0: bytes | None
    token1: bytes | None
    fee_ppm: int | None
    tick_spacing: int | None


@attrs.frozen
class ClaimedPool:
    """A pool as it claims to be. If it is not `proven` by CREATE2, its factory must say that it is its own."""

    address: bytes
    factory: Factory
    token0: bytes
    token1: bytes
    fee_ppm: int | None
    tick_spacing: int | None
    proven: bool

    @property
    def kind(self) -> PoolKind:
        """Which mathematics it follows."""
        return KINDS[self.factory.kind]


def claim_of(reading: PoolReading, factories: Mapping[bytes, Factory]) -> ClaimedPool | str:
    """The pool that a contract claims to be, or why it is none of the `factories` (by their address)."""
    if reading.factory is None or reading.token0 is None or reading.token1 is None:
        return NO_POOL
    factory = factories.get(reading.factory)
    if factory is None or factory.kind not in KINDS:
        return f"its factory 0x{reading.factory.hex()} is not known"
    fee_ppm = {FactoryKind.V2: factory.fee_ppm, FactoryKind.V3: reading.fee_ppm}.get(factory.kind)
    spacing = None if factory.kind is FactoryKind.V2 else reading.tick_spacing
    problem = _terms_problem(factory, reading.token0 < reading.token1, fee_ppm, spacing)
    expected = None if problem else pool_address(factory, reading.token0, reading.token1, fee_ppm)
    if expected is not None and expected != reading.address:
        problem = f"{factory.name} gives the pool of these tokens the address 0x{expected.hex()}"
    if problem:
        return problem
    proven = expected is not None
    return ClaimedPool(reading.address, factory, reading.token0, reading.token1, fee_ppm, spacing, proven)


def _terms_problem(factory: Factory, sorted_: bool, fee_ppm: int | None, spacing: int | None) -> str:
    if not sorted_:
        return "its token0 is not below its token1"
    if factory.kind is not FactoryKind.ALGEBRA and (fee_ppm is None or fee_ppm > MAX_FEE_PPM):
        return (
            f"its fee is not known: {factory.name} has none for all its pools" if fee_ppm is None else "its fee is all"
        )
    if factory.kind is not FactoryKind.V2 and not 0 < (spacing or 0) <= MAX_TICK_SPACING:
        return f"it tells a tick spacing of {spacing}"
    return ""


def kinds_of(topics: Iterable[str]) -> frozenset[PoolKind]:
    """The kinds of pools that have an event with such a first topic."""
    seen = frozenset(topics)
    return frozenset(kind for kind, known in POOL_TOPICS.items() if not seen.isdisjoint(known))


def list_problem(pool: ClaimedPool, allowed_tokens: frozenset[bytes], refused_pools: frozenset[bytes]) -> str:
    """Why a pool is not looked at: it was refused by the operator, or a token is not on the list of allowed ones.

    An empty list of allowed tokens allows all.
    """
    if pool.address in refused_pools:
        return "the operator refuses it"
    for token in (pool.token0, pool.token1):
        if allowed_tokens and token not in allowed_tokens:
            return f"its token 0x{token.hex()} is not on the list of allowed ones"
    return ""


def liquidity_problem(values: Iterable[int | None], least: int) -> str:
    """Why a pool is too small. `values` are what it holds of each token in the numéraire; None: nobody knows.

    What is not known counts for nothing: a token without a price makes a pool no larger.
    """
    known = [value for value in values if value is not None]
    if not least:
        return ""
    if not known:
        return "what it holds has no price in the numéraire"
    if sum(known) < least:
        return f"it holds {sum(known)} in the numéraire, the least is {least}"
    return ""
