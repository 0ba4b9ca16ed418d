"""From an intent to what is to be signed."""

from __future__ import annotations

import attrs

from alphapulse.data.pools import PoolKind
from alphapulse.execution.chain.simulation import Simulator
from alphapulse.execution.chain.trade_making import FIRST_OF_BLOCK_GAS, GAS_MARGIN, TradeMaker, TradeTerms
from alphapulse.rules.arbitrage.flash_loan import LoanSource
from alphapulse.rules.execution.path_planning import FundingTerms
from tests.execution.chain.trading_rig import CHAIN, FEES, GWEI, TableNodes, simulated
from tests.rules.execution.trade_samples import EXECUTOR, INTENT, POOLS, WALLET

USED = 200_000


async def test_gas_for_the_first_swap_of_a_block_is_left_to_each_pool_that_needs_it() -> None:
    """An Algebra pool writes more then than a trial behind other swaps sees; the path has one, then two."""
    nodes = TableNodes(
        eth_simulateV1=simulated(9_500, gas=USED),
        eth_getBlockByNumber={"baseFeePerGas": hex(GWEI), "number": "0x65", "hash": "0x" + "08" * 32},
    )
    terms = TradeTerms(CHAIN, FEES, 3, {"flash_arbitrage": FundingTerms(LoanSource.SWAP)})
    first = INTENT.legs[0].pool
    limits = []
    for changed in ({}, {first: attrs.evolve(POOLS[first], kind=PoolKind.ALGEBRA, fee_ppm=None)}):
        maker = TradeMaker(terms, {**POOLS, **changed}, Simulator(nodes), lambda _, wei: wei // 10**15)
        plan = await maker.make(INTENT, sender=WALLET, executor=EXECUTOR, head=None)
        limits.append(plan.gas_limit)
    assert limits == [(USED + number * FIRST_OF_BLOCK_GAS) * 3 // 2 + GAS_MARGIN for number in (1, 2)]
