"""What the executor contract can swap in is said once."""

from __future__ import annotations

from alphapulse.rules.arbitrage.gas import GAS_BY_KIND
from alphapulse.rules.evm.executor_kinds import EXECUTOR_KINDS, not_runnable
from alphapulse.rules.evm.executor_path import LegKind
from tests.rules.arbitrage.market_graphs import graph_pool


def test_every_call_of_the_contract_has_its_kind_and_its_measured_gas() -> None:
    assert set(EXECUTOR_KINDS.values()) == set(LegKind)
    assert set(EXECUTOR_KINDS) == set(GAS_BY_KIND)


def test_the_first_pool_without_a_call_is_named() -> None:
    pair, curve = graph_pool(0, 1, 2), graph_pool(1, 1, 2, 3)
    assert not_runnable([pair]) is None
    assert not_runnable([pair, curve]) is curve
