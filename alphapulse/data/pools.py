"""Tokens and pools as they are registered on their chain."""

from __future__ import annotations

import enum

import attrs

from alphapulse.data.instruments import InstrumentId


@attrs.frozen
class Token:
    """An ERC-20 token. `decimals` comes from the chain or a verified file, never from a guess."""

    address: bytes
    symbol: str
    decimals: int


class PoolKind(enum.IntEnum):
    """Which mathematics a pool follows. Forks share a kind: what differs between them is the fee."""

    V3 = 1
    """Concentrated liquidity: Uniswap V3, PancakeSwap V3, SushiSwap V3, Uniswap V4 without hooks."""
    V2 = 2
    """Constant product of two tokens: Uniswap V2 and its forks, each with its own fee."""
    ALGEBRA = 3
    """Concentrated liquidity with a fee that changes: QuickSwap V3."""
    SOLIDLY_VOLATILE = 4
    """Constant product whose fee is taken out of the pool: Aerodrome, Velodrome."""
    SOLIDLY_STABLE = 5
    """x³y + xy³ for tokens of about one price: Aerodrome, Velodrome."""
    CURVE_STABLE = 6
    """Curve's StableSwap of two or more tokens."""
    BALANCER_WEIGHTED = 7
    """Balancer V2's weighted product of two or more tokens."""


PAIR_KINDS = frozenset((PoolKind.V2, PoolKind.SOLIDLY_VOLATILE, PoolKind.SOLIDLY_STABLE))
"""Kinds of two tokens whose reserves are their whole state; their contracts tell them alike (`Sync`, `getReserves`)."""


class Trust(enum.IntEnum):
    """How far a pool's state may be used."""

    DIVERGENT = 0
    """It differed from the chain: quarantined."""
    IN_RANGE = 1
    """Price and liquidity are known, the ticks around them are not."""
    PROVEN = 2
    """Rebuilt from the chain and compared with it, or followed from the pool's first event on."""


@attrs.frozen
class Pool:
    """A registered pool. Of two tokens `token0` < `token1` by address, as on chain.

    `fee_ppm` is the swap fee in parts per million; None if it is dynamic: then the pool's state has it.
    `tick_spacing` is that of a concentrated-liquidity pool, None where there are no ticks.
    """

    id: InstrumentId
    kind: PoolKind
    name: str
    token0: Token
    token1: Token
    fee_ppm: int | None
    tick_spacing: int | None
    more_tokens: tuple[Token, ...] = ()
    """The tokens behind the first two, in the pool's order."""
    weights: tuple[int, ...] = ()
    """Of a weighted pool: each token's normalised weight, 10^18 in total, in the pool's order."""
    amplification: int | None = None
    """Of a Curve pool: what its contract's `A()` says."""
    generation: int = 1
    """Of a Curve or a weighted pool: which of its contracts computes. Curve: 1 is 3pool's, 2 the template that counts A
    in hundredths. Balancer: 1 raises every power by logarithms (2021), 2 has short forms of x, x² and x⁴ (2022)."""
    pair: tuple[bytes, bytes] = attrs.field(init=False, repr=False, eq=False)
    """The first two tokens' addresses; pools of one pair on one chain can be traded against each other."""
    tokens: tuple[Token, ...] = attrs.field(init=False, repr=False, eq=False)
    """All tokens in the pool's order; quotes name them by their index."""

    @property
    def fixed_fee_ppm(self) -> int:
        """The fee of a pool whose fee never changes. Raises ValueError if it is dynamic."""
        if self.fee_ppm is None:
            raise ValueError(f"expected a pool with one fee, found {self.name}, whose fee stands in its state")
        return self.fee_ppm

    @property
    def fixed_tick_spacing(self) -> int:
        """The distance of ticks of a pool that has ticks. Raises ValueError if it has none."""
        if self.tick_spacing is None:
            raise ValueError(f"expected a pool with ticks, found {self.name}, which has none")
        return self.tick_spacing

    @pair.default
    def _pair_of_tokens(self) -> tuple[bytes, bytes]:
        return self.token0.address, self.token1.address

    @tokens.default
    def _all_tokens(self) -> tuple[Token, ...]:
        return self.token0, self.token1, *self.more_tokens
