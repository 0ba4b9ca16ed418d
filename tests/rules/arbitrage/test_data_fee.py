"""Bytes on the chain below cost what the chains' own nodes charge."""

from __future__ import annotations

import pytest

from alphapulse.rules.arbitrage.cycle_sizing import size_cycle
from alphapulse.rules.arbitrage.data_fee import ArbitrumFee, DataFee, OptimismFee
from alphapulse.rules.arbitrage.sample_transaction import sample_transaction
from alphapulse.rules.evm.fastlz import fastlz_size
from tests.rules.arbitrage.market_graphs import pair_cycle
from tests.rules.evm.test_fastlz import CONTRACT_CALL, EMPTY_TRANSACTION

GWEI = 10**9


@pytest.mark.parametrize(
    ("fee", "raw", "wei"),
    [
        # Optimism's node, core/types/rollup_cost_test.go: ecotoneFee and fjordFee of its empty transaction.
        (OptimismFee(GWEI, 10**7, 2, 3, is_fjord=False), EMPTY_TRANSACTION, 960_900),
        (OptimismFee(GWEI, 10**7, 2, 3), EMPTY_TRANSACTION, 3_203_000),
        # By hand from the same rule: 836500 * 202 - 42585600 millionths of a byte, 685 wei for 10^6 of them.
        (OptimismFee(2 * 10**6, 3 * 10**6, 20, 15), CONTRACT_CALL, 126_387_400 * 685 // 10**6),
        # Ecotone counts each zero as a quarter of another byte.
        (OptimismFee(10**6, 0, 10**6, 0, is_fjord=False), bytes(4) + b"\1", (4 * 4 + 16) * 10**6),
        (ArbitrumFee(GWEI), bytes(100), 1_600 * GWEI),
    ],
)
def test_a_transaction_costs_what_the_node_takes(fee: DataFee, raw: bytes, wei: int) -> None:
    assert fee.fee_wei(raw) == wei


def test_the_linear_rule_equals_the_oracle_s_own_test() -> None:
    """`TestFjordL1CostSolidityParity`: 235 compressed bytes cost 105,484 wei."""
    raw = next(raw for size in range(400) if fastlz_size(raw := bytes(at * 7 % 251 for at in range(size))) == 235)
    assert OptimismFee(2 * 10**6, 3 * 10**6, 20, 15).fee_wei(raw) == 105_484


def test_the_sample_holds_the_path_and_is_as_long_as_such_a_transaction() -> None:
    """A leg takes 60 bytes more; its amounts and addresses stand in it as the executor reads them."""
    lengths = []
    for hops in (2, 3):
        cycle, states = pair_cycle([(10**21, 2 * 10**21, 3000)] * hops)
        path = size_cycle(cycle, states)
        assert path is not None
        raw = sample_transaction(cycle, path)
        for step in path.steps:
            assert step.pool.id.body in raw
            assert step.amount_out.to_bytes(16, "big") in raw
        lengths.append(len(raw))
    assert lengths[0] in range(360, 460)
    assert lengths[1] - lengths[0] in (32, 64)
