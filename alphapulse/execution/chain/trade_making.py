"""From an intent to the transaction that is to be signed: planned, tried at the pending block, priced."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import attrs

from alphapulse.data.chain_events import ChainHead
from alphapulse.data.execution import OrderRequest
from alphapulse.data.instruments import InstrumentId
from alphapulse.data.pools import Pool, PoolKind
from alphapulse.data.transactions import Purpose
from alphapulse.errors import FeesRefused, PathRefused, SimulationRefused
from alphapulse.execution.chain.simulation import Simulated, Simulator
from alphapulse.execution.chain.transaction_plan import TransactionPlan
from alphapulse.rules.evm.executor_path import ExecutorPath
from alphapulse.rules.execution.path_planning import FundingTerms, call_data, plan_path
from alphapulse.rules.execution.profit_floor import ProfitFloor
from alphapulse.rules.transactions.fees import Fees, FeeTerms, bumped, offer

NO_DEADLINE: Final = (1 << 64) - 1
"""Of a trial: which block the node tries it in is the node's business."""

ETHER_WEI: Final = 10**18

GAS_MARGIN: Final = 50_000
"""Beside half as much again as was used: refunds are told as not used, and pools may cross a tick more."""

FIRST_OF_BLOCK_GAS: Final = 200_000
"""What an Algebra pool may use more for the first swap of a block, for its timepoint and its new fee.

A trial behind other pending swaps does not see it. A trade has to earn it all the same."""


@attrs.frozen
class TradeTerms:
    """How intents become transactions. `funding` is whose money each strategy uses, by its name."""

    chain_id: int
    fees: FeeTerms
    deadline_blocks: int
    funding: Mapping[str, FundingTerms]


class TradeMaker:
    """Makes plans. `gas_cost` values wei in an intent's profit token, rounded up; None where nobody can."""

    def __init__(
        self,
        terms: TradeTerms,
        pools: Mapping[InstrumentId, Pool],
        simulator: Simulator,
        gas_cost: Callable[[OrderRequest, int], int | None],
    ) -> None:
        self._terms = terms
        self._pools = pools
        self._simulator = simulator
        self._gas_cost = gas_cost

    async def make(
        self, intent: OrderRequest, *, sender: bytes, executor: bytes, head: ChainHead | None
    ) -> TransactionPlan:
        """What the wallet `sender` is to send for an intent, behind the newest head that is known.

        It is tried with the least profit that the intent asks for, and sent with as much more as dearer gas may cost:
        what is mined never loses.

        Raises:
            SendRefused: PathRefused, SimulationRefused or FeesRefused; nothing was signed.
            NodeError: no node could try it.
        """
        floor = ProfitFloor.of(intent)
        trial = self._path(intent, floor.stated, NO_DEADLINE)
        tried = await self._simulator.try_out(sender, executor, call_data(trial), intent.profit_token)
        tried = attrs.evolve(tried, gas_used=tried.gas_used + self._first_of_block(intent))
        profit = tried.earned if tried.earned is not None else intent.expected_net + intent.gas_cost
        fees, most_wei = self._fees(intent, floor, profit, tried, head)
        # Room for one replacement, where the profit pays for it.
        most_cap_wei = max(fees.cap_wei, min(bumped(fees.cap_wei), most_wei))
        most_cost = self._gas_cost(intent, tried.gas_used * most_cap_wei)
        if most_cost is None:
            raise _unvalued()
        number = max(intent.block_number, head.number if head is not None else 0)
        deadline = number + self._terms.deadline_blocks
        # Rounding up twice may ask for a unit more than there is.
        least_profit = max(floor.stated, min(floor.at(most_cost), profit))
        return TransactionPlan(
            intent_id=intent.intent_id,
            purpose=Purpose.TRADE,
            to=executor,
            data=call_data(self._path(intent, least_profit, deadline)),
            gas_limit=tried.gas_used * 3 // 2 + GAS_MARGIN,
            tip_wei=fees.tip_wei,
            cap_wei=fees.cap_wei,
            halt_epoch=intent.halt_epoch,
            deadline_block=deadline,
            most_cap_wei=most_cap_wei,
        )

    def _first_of_block(self, intent: OrderRequest) -> int:
        """Gas that a trial may not have seen."""
        pools = (self._pools.get(leg.pool) for leg in intent.legs)
        return sum(FIRST_OF_BLOCK_GAS for pool in pools if pool is not None and pool.kind is PoolKind.ALGEBRA)

    def _path(self, intent: OrderRequest, least_profit: int, deadline: int) -> ExecutorPath:
        funding = self._terms.funding.get(intent.strategy)
        if funding is None:
            raise PathRefused("funding", f"expected to know whose money {intent.strategy} uses, found nothing of it")
        return plan_path(intent, self._pools, funding, least_profit=least_profit, deadline_block=deadline)

    def _fees(
        self, intent: OrderRequest, floor: ProfitFloor, profit: int, tried: Simulated, head: ChainHead | None
    ) -> tuple[Fees, int]:
        """What is offered per gas, and the most that leaves the strategy its floor: no more than that is offered."""
        terms = self._terms.fees
        base_fee_wei = tried.base_fee_wei
        if base_fee_wei is None and head is not None and head.base_fee_wei is not None:
            base_fee_wei = terms.rule.most_base_fee(head.base_fee_wei, 1)
        if base_fee_wei is None:
            raise FeesRefused("the base fee of the next block is not known: no node has told it")
        ether_cost = self._gas_cost(intent, ETHER_WEI)
        if ether_cost is None:
            raise _unvalued()
        least_wei = base_fee_wei + terms.tip_floor_wei
        # What the profit above the strategy's floor pays for, per gas.
        most_wei = floor.surplus(profit, 0) * ETHER_WEI // ether_cost // tried.gas_used if ether_cost else terms.cap_wei
        if most_wei < least_wei:
            raise SimulationRefused(
                "unprofitable",
                f"gas costs at least {least_wei} wei, and behind the floor the profit at the pending block, {profit} "
                f"raw units, pays {most_wei}",
            )
        fees = offer(
            terms,
            base_fee_wei=base_fee_wei,
            blocks=self._terms.deadline_blocks,
            net_profit_wei=(most_wei - least_wei) * tried.gas_used,
            gas_units=tried.gas_used,
        )
        return Fees(fees.tip_wei, min(fees.cap_wei, most_wei)), most_wei


def _unvalued() -> FeesRefused:
    return FeesRefused("what gas costs in the profit token is not known: no pool and no signal says it")
