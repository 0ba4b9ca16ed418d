"""How pools are looked for on a chain, and which of them are taken."""

from __future__ import annotations

import attrs

from alphapulse.data.factories import Factory


@attrs.frozen
class DiscoveryTerms:
    """What the operator allows on one chain.

    `allowed_tokens` are the only ones of which pools are looked at, and are trusted to be what their symbol says; none:
    all are looked at, and none is trusted. `refused_pools` are never looked at. `least_age_blocks` is how long a pool
    must have been there; over as many blocks balances are followed, so it is at least 2, and nodes have the state of so
    many. `least_liquidity` is in raw units of the `numeraire`; 0: none is asked for. `requests_per_s` is how much
    of what the nodes allow is used for it.
    """

    chain_id: int
    factories: tuple[Factory, ...]
    multicall: bytes
    allowed_tokens: frozenset[bytes] = frozenset()
    refused_pools: frozenset[bytes] = frozenset()
    least_age_blocks: int = 32
    numeraire: bytes | None = None
    least_liquidity: int = 0
    requests_per_s: int = 2

    def __attrs_post_init__(self) -> None:
        if self.least_age_blocks < 2:
            raise ValueError(f"expected an age of 2 blocks at least, found {self.least_age_blocks}")
        if self.least_liquidity and self.numeraire is None:
            raise ValueError("expected a numéraire for the least liquidity, found none")

    @property
    def known_factories(self) -> dict[bytes, Factory]:
        """Those of this chain that can say of themselves who they are."""
        of_chain = (one for one in self.factories if one.chain_id == self.chain_id and one.venue is not None)
        return {one.address: one for one in of_chain if one.address is not None}
