"""The contracts that make pools."""

from __future__ import annotations

import enum

import attrs

from alphapulse.data.instruments import Venue


class FactoryKind(enum.IntEnum):
    """How a factory makes pools, and so how an address is recomputed."""

    V2 = 1
    """Uniswap V2 and its forks: CREATE2 with the two tokens."""
    V3 = 2
    """Uniswap V3 and its forks: CREATE2 with the two tokens and the fee."""
    ALGEBRA = 3
    """Algebra: CREATE2 by a deployer of its own, with the two tokens."""
    SOLIDLY = 4
    """Aerodrome and Velodrome: clones, known by what the factory answers."""
    SLIPSTREAM = 5
    """Aerodrome's concentrated liquidity: clones, known by what the factory answers."""
    BALANCER_WEIGHTED = 6
    """Balancer V2 weighted pools: known by what the factory answers."""
    BALANCER_STABLE = 7
    """Balancer V2 stable pools: known by what the factory answers."""


@attrs.frozen
class Factory:
    """A factory of pools on one chain.

    `venue` is whose pools they are, the chain's own if nobody's in particular, None on a chain that has no venue.
    `address` emits the event of a new pool; None if only the deployer is known. `deployer` is who calls CREATE2: the
    factory itself, or a contract of its own (Algebra, PancakeSwap V3). `init_code_hash` is None where pools are clones
    or made by a plain CREATE: then only the chain can say whose a pool is. `fee_ppm` is the one swap fee of all pools
    of a V2 factory, None where it differs from pool to pool or is not known.
    """

    name: str
    chain_id: int
    venue: Venue | None
    kind: FactoryKind
    address: bytes | None
    deployer: bytes | None
    init_code_hash: bytes | None
    fee_ppm: int | None
