"""What tokens are worth in the numéraire, by the pools that are believed already."""

from __future__ import annotations

from collections.abc import Iterable

from alphapulse.data.pools import Pool, Trust
from alphapulse.errors import AmmError
from alphapulse.rules.amm.pool_state import AmmState


def value_of(
    token: bytes, amount: int, numeraire: bytes, markets: Iterable[tuple[Pool, AmmState | None]]
) -> int | None:
    """What `amount` of a token is worth, in raw units of the numéraire; None if no believed pool trades the two.

    Of several pools the one counts that holds most of the numéraire in the range of its price: a thin pool's price is
    whatever somebody wants it to be.
    """
    if token == numeraire:
        return amount
    deepest, value = -1, None
    for pool, state in markets:
        if pool.pair not in ((token, numeraire), (numeraire, token)):
            continue
        if state is None or state.trust is Trust.DIVERGENT:
            continue
        give, take = pool.pair.index(token), pool.pair.index(numeraire)
        try:
            reserves, price = state.virtual_reserves(give, take), state.price(give, take)
        except AmmError:
            continue
        depth = 0 if reserves is None else reserves.reserve_out // reserves.scale
        if depth > deepest:
            deepest, value = depth, amount * price[0] // price[1]
    return value
