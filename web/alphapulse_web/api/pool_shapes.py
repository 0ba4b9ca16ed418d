"""Shapes of pools: what is priced with, and how far it can be trusted."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from alphapulse_web.api.schemas import Address, Amount, Decimal, Instant, Integer, Natural, Shape, TokenRef

KindWord = Literal[
    "v2", "v3", "algebra", "solidly_volatile", "solidly_stable", "curve_stable", "balancer_weighted"
]  # fmt: skip
TrustWord = Literal["proven", "in_range", "divergent", "unknown"]
"""How far a state may be used. Unknown: nothing was received of the pool yet. Divergent: quarantined."""


class PoolPrice(Shape, frozen=True, kw_only=True):
    """Quote units for one base unit, rounded."""

    value: Decimal
    base: str
    quote: str


class PoolView(Shape, frozen=True, kw_only=True):
    """A pool as it is known now. What its kind does not have, and what is not known, is null.

    `fee_ppm` is the fee now, also where it is dynamic. `trust_reason` says why the trust is what it is, as far as
    anybody said so.
    """

    id: Annotated[str, Meta(pattern=r"^[0-9a-f]{48}$")]
    address: Address
    name: str
    venue: str
    chain_id: int
    kind: KindWord
    tokens: list[TokenRef]
    fee_ppm: int | None
    fee_is_dynamic: bool
    tick_spacing: int | None
    price: PoolPrice | None
    sqrt_price_x96: Natural | None
    tick: int | None
    liquidity: Natural | None
    reserves: list[Amount] | None
    trust: TrustWord
    trust_reason: str
    trust_block: int | None
    state_block: int | None
    last_block: int | None
    last_event: Instant | None
    events: int


class Pools(Shape, frozen=True, kw_only=True):
    """A page of pools in the order of chain, name and address. `total` counts all that match."""

    pools: list[PoolView]
    next_cursor: str | None
    total: int


class AllPools(Shape, frozen=True, kw_only=True):
    """The pools for a page that shows them live; of more than the limit the ones first in order."""

    pools: list[PoolView]
    total: int


class ChangedPools(Shape, frozen=True, kw_only=True):
    """Pools that have changed since the message before: each takes the place of that with its id."""

    pools: list[PoolView]


class TickView(Shape, frozen=True, kw_only=True):
    """An initialised tick: `net` is the change of liquidity when the price rises over it."""

    tick: int
    price: Decimal
    gross: Natural
    net: Integer


class PoolDetail(Shape, frozen=True, kw_only=True):
    """A pool with the initialised ticks around its price, lowest first; `ticks_known` counts all, null without any."""

    pool: PoolView
    ticks: list[TickView]
    ticks_known: int | None
