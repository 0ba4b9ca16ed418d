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
    """Which mathematics a pool follows."""

    V3 = 1


@attrs.frozen
class Pool:
    """A registered pool; `token0` < `token1` by address, as on chain. `fee_ppm` is the swap fee, parts per million."""

    id: InstrumentId
    kind: PoolKind
    name: str
    token0: Token
    token1: Token
    fee_ppm: int
    tick_spacing: int
    pair: tuple[bytes, bytes] = attrs.field(init=False, repr=False, eq=False)
    """The two token addresses; pools of one pair on one chain can be traded against each other."""

    @pair.default
    def _pair_of_tokens(self) -> tuple[bytes, bytes]:
        return self.token0.address, self.token1.address
