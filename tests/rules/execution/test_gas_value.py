"""Gas in the token of a trade: by the pools at its block, else by the rate under which it was approved."""

from __future__ import annotations

import attrs

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.market import LogStamp
from alphapulse.data.pools import PoolKind, Trust
from alphapulse.rules.amm.constant_product import ConstantProductState
from alphapulse.rules.amm.pool_state import AmmState
from alphapulse.rules.execution.gas_value import GasValue, stated_cost
from tests.rules.execution.trade_samples import BASE, FAR, INTENT, MIDDLE, V2, V3, changed

STAMP = LogStamp(100, 1, 1, None, None, 0, 0)
STATE = ConstantProductState(3_000, 10**9, STAMP, Trust.PROVEN, 3_000)
"""Three BASE for each million of MID, which stands for the wrapped coin."""
KNOWN: dict[InstrumentId, AmmState] = {V2.id: STATE}
NONE: dict[InstrumentId, AmmState] = {}


def test_pools_at_the_block_price_it_rounded_up() -> None:
    """A cost is never made smaller."""
    assert V2.kind is PoolKind.V2
    value = GasValue(MIDDLE.address, [V2])
    assert [value.cost(INTENT, wei, 100, KNOWN.get) for wei in (10**6, 10**6 + 1, 0)] == [3, 4, 0]


def test_the_coin_itself_is_worth_what_it_is() -> None:
    """No pool is asked."""
    value = GasValue(BASE.address, [V2])
    assert value.cost(INTENT, 123, 100, NONE.get) == 123


def test_without_a_price_the_intents_own_rate_holds() -> None:
    """1,200 units for 3·10^15 wei; an intent that paid for no gas says nothing."""
    value = GasValue(MIDDLE.address, [V2])
    assert value.cost(INTENT, 10**15, 100, NONE.get) == 400
    assert stated_cost(INTENT, 1) == 1
    assert value.cost(changed(gas_wei=0), 10**15, 100, NONE.get) is None


def test_only_pools_that_price_it_directly_are_looked_at_where_there_are_some() -> None:
    """There may be a thousand others, and a trade waits meanwhile; without one the way through others is taken."""
    second = ConstantProductState(10**9, 2 * 10**9, STAMP, Trust.PROVEN, 500)
    states: dict[InstrumentId, AmmState] = {V2.id: STATE, V3.id: second}
    asked: list[InstrumentId] = []

    def state_of(pool: InstrumentId) -> AmmState | None:
        asked.append(pool)
        return states.get(pool)

    beside = attrs.evolve(V3, kind=PoolKind.V2)
    assert GasValue(MIDDLE.address, [V2, beside]).cost(INTENT, 10**6, 100, state_of) == 3
    assert asked == [V2.id]
    assert GasValue(FAR.address, [V2, beside]).cost(INTENT, 2 * 10**6, 100, state_of) == 3
    assert set(asked) == {V2.id, V3.id}
