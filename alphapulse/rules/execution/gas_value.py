"""What gas costs in the token of a trade, at the states that its block has left behind. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from alphapulse.data.execution import OrderRequest
from alphapulse.data.instruments import InstrumentId
from alphapulse.data.pools import Pool
from alphapulse.rules.amm.pool_state import AmmState
from alphapulse.rules.arbitrage.cycle_index import CycleIndex
from alphapulse.rules.arbitrage.valuation import Valuation

PAIRS_ONLY = 2
"""Hops of the index: it is asked for prices alone, and keeps no cycles."""


class GasValue:
    """Values wei of the wrapped native coin in other tokens, by the deepest way of live pools.

    `wrapped_native` is its address. Where the pools say no price, as after a start whose snapshot is younger than the
    block, the rate holds under which the intent was approved.
    """

    def __init__(self, wrapped_native: bytes, pools: Iterable[Pool]) -> None:
        self._native = wrapped_native
        self._index = CycleIndex(most_hops=PAIRS_ONLY)
        self._valuation = Valuation(wrapped_native, self._index)
        for pool in pools:
            self.add(pool)

    def add(self, pool: Pool) -> None:
        """Take a pool in, from whose price others may follow; one that is known stays."""
        self._index.add(pool)

    def cost(
        self, intent: OrderRequest, gas_wei: int, block_number: int, state_of: Callable[[InstrumentId], AmmState | None]
    ) -> int | None:
        """`gas_wei` in raw units of the intent's profit token, rounded up; None if neither pools nor intent say it.

        `state_of` gives each pool's state at the block.
        """
        if intent.profit_token == self._native or not gas_wei:
            return gas_wei
        edge = self._index.edge_between(intent.chain_id, intent.profit_token, self._native)
        direct = () if edge is None else edge.seats
        for seat in direct:
            seat.state = state_of(seat.pool.id)
        if all(seat.state is None for seat in direct):  # then it takes a way through others
            for pool in self._index.pools:
                for seat in self._index.seats(pool):
                    seat.state = state_of(pool)
        found = self._valuation.amount_for(intent.chain_id, intent.profit_token, gas_wei, block_number)
        return found if found is not None else stated_cost(intent, gas_wei)


def stated_cost(intent: OrderRequest, gas_wei: int) -> int | None:
    """`gas_wei` at the rate under which the intent was approved, rounded up; None if the intent paid for no gas."""
    if not intent.gas_wei:
        return None
    return -(-gas_wei * intent.gas_cost // intent.gas_wei)
