"""Pools of every kind in a state that they could have: what a new kind adds here is held to everything below."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.pool_reserves import PoolLiquidity, PoolSync, TokenReserve
from alphapulse.data.pools import Pool, PoolKind, Token
from alphapulse.rules.amm.kinds import KINDS
from alphapulse.rules.amm.pool_state import AmmState
from tests.rules.amm.tick_samples import tick_pools
from tests.rules.amm.vector_files import STAMP

ID = InstrumentId.from_pool_address(bytes([7]) * 20, Venue.ETHEREUM)
MULTI = (PoolKind.CURVE_STABLE, PoolKind.BALANCER_WEIGHTED)
STABLE = (PoolKind.CURVE_STABLE, PoolKind.SOLIDLY_STABLE)


def tokens(*decimals: int) -> tuple[Token, ...]:
    """Tokens with so many decimals each, in the order of their addresses."""
    return tuple(Token(bytes([number]) * 20, f"T{number}", places) for number, places in enumerate(decimals, 1))


def begun(pool: Pool, *reserves: int) -> AmmState:
    """The state of a pool that holds so much."""
    event: Any = (
        PoolLiquidity(
            STAMP,
            pool.id,
            tuple(TokenReserve(token.address, held) for token, held in zip(pool.tokens, reserves, strict=True)),
        )
        if pool.kind in MULTI
        else PoolSync(STAMP, pool.id, *reserves)
    )
    state = KINDS[pool.kind].begin(pool, event)
    assert state is not None
    return state


@st.composite
def pool_states(draw: st.DrawFn) -> tuple[Pool, AmmState]:
    """A pool and its state; stable ones are never far out of balance."""
    kind = draw(st.sampled_from(list(PoolKind)))
    if kind in (PoolKind.V3, PoolKind.ALGEBRA):
        state, _ = draw(tick_pools())
        first, second = tokens(18, 6)
        pool = Pool(ID, kind, "sample", first, second, state.fee_ppm, state.tick_spacing)
        return pool, state
    decimals = [draw(st.sampled_from([6, 8, 18])) for _ in range(draw(st.integers(2, 4)) if kind in MULTI else 2)]
    fee_ppm = draw(st.sampled_from([100, 500, 3000, 10_000]))
    weights = [draw(st.integers(10, 90)) for _ in decimals]
    shares = tuple(10**18 * weight // sum(weights) for weight in weights)
    first, second, *more = tokens(*decimals)
    pool = Pool(
        ID,
        kind,
        "sample",
        first,
        second,
        fee_ppm,
        None,
        tuple(more),
        shares,
        draw(st.integers(10, 5000)),
        draw(st.sampled_from([1, 2])),
    )
    whole = 10 ** draw(st.integers(2, 9))
    spread = 10 if kind in STABLE else 10_000
    held = [whole * draw(st.integers(100, 100 * spread)) * 10**places // 100 for places in decimals]
    if max(held) >= 1 << 112:
        held = [one // 10**9 for one in held]
    return pool, begun(pool, *held)
