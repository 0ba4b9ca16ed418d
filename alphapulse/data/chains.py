"""What is known of EVM chains by their id: the venue that stands for a chain, its coin, and that coin wrapped."""

from __future__ import annotations

import attrs

from alphapulse.data.instruments import CHAIN_OF_VENUE, Venue

UNNAMED_COIN = "coin"
"""What stands for the symbol of a coin that nobody has told: no contract does."""


@attrs.frozen
class Chain:
    """An EVM chain. `wrapped_native` is the ERC-20 whose price is the price of gas, `coin` what gas is paid in."""

    chain_id: int
    name: str
    venue: Venue
    wrapped_native: bytes
    coin: str = UNNAMED_COIN


def _chain(chain_id: int, name: str, venue: Venue, wrapped_native: str, coin: str) -> Chain:
    return Chain(chain_id, name, venue, bytes.fromhex(wrapped_native), coin)


CHAINS: dict[int, Chain] = {
    chain.chain_id: chain
    for chain in (
        _chain(1, "Ethereum", Venue.ETHEREUM, "c02aaa39b223fe8d0a0e5c4f27ead9083c756cc2", "ETH"),
        _chain(10, "Optimism", Venue.OPTIMISM, "4200000000000000000000000000000000000006", "ETH"),
        _chain(25, "Cronos", Venue.CRONOS, "5c7f8a570d578ed84e63fdfa7b1ee72deae1ae23", "CRO"),
        _chain(56, "BNB Smart Chain", Venue.BSC, "bb4cdb9cbd36b01bd1cbaebf2de08d9173bc095c", "BNB"),
        _chain(137, "Polygon", Venue.POLYGON, "0d500b1d8e8ef31e21c99d1db9a6444d3adf1270", "POL"),
        _chain(250, "Fantom", Venue.FANTOM, "21be370d5312f44cb42ce377bc9b8a0cef1a4c83", "FTM"),
        _chain(8453, "Base", Venue.BASE, "4200000000000000000000000000000000000006", "ETH"),
        _chain(42161, "Arbitrum One", Venue.ARBITRUM, "82af49447d8a07e3bd95bd0d56f35241523fbab1", "ETH"),
        _chain(43114, "Avalanche C", Venue.AVALANCHE, "b31f66aa3c1e785363f0875a1b74e27b85fd66c7", "AVAX"),
    )
}
"""Wrapped coins as their chains' own documentation names them; `[costs] wrapped_native` overrides one."""


def name_chain(chain_id: int, name: str, wrapped_native: bytes) -> None:
    """Make a chain known that is not in the table, as venue OTHER_CHAIN. A process knows one: an earlier one is gone.

    Raises:
        ValueError: the table has the chain already.
    """
    known = CHAINS.get(chain_id)
    if known is not None and known.venue is not Venue.OTHER_CHAIN:
        raise ValueError(f"expected a chain that is not known yet, found {chain_id}, which is {known.name}")
    if (earlier := CHAIN_OF_VENUE.get(Venue.OTHER_CHAIN)) is not None:
        del CHAINS[earlier]
    CHAIN_OF_VENUE[Venue.OTHER_CHAIN] = chain_id
    CHAINS[chain_id] = Chain(chain_id, name, Venue.OTHER_CHAIN, wrapped_native)
