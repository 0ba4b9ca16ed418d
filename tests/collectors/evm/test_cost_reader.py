"""What the chain says of costs is read, and unknown again when it cannot be read for long."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from alphapulse.collectors.evm.cost_reader import EVERY_BLOCKS, MOST_FAILURES, CostReader, CostTerms
from alphapulse.collectors.evm.data_prices import ARB_GAS_INFO, GAS_PRICE_ORACLE
from alphapulse.errors import AnswerRefused, NodeTimeout
from alphapulse.rules.arbitrage.chain_costs import ChainCosts
from alphapulse.rules.arbitrage.data_fee import ArbitrumFee, DataRule, OptimismFee
from alphapulse.rules.arbitrage.flash_loan import LoanSource
from alphapulse.rules.arbitrage.loan_fee import LoanFee
from alphapulse.rules.chain.header import RpcHeader
from alphapulse.rules.discovery.contract_answers import call_data
from alphapulse.rules.nodes.rpc_call import RpcCall

POOL, VAULT, FEES = b"\x0a" * 20, b"\x0b" * 20, b"\x0c" * 20
HEAD = RpcHeader("0x5", "0x" + "11" * 32, "0x" + "22" * 32, "0x10", "0x" + "00" * 256)


class Chain:
    """A node that answers calls of contracts by a table, without Multicall3; `dead`: it answers nothing."""

    def __init__(self, **answers: int) -> None:
        self.answers = answers
        self.places = {POOL, VAULT, FEES, GAS_PRICE_ORACLE, ARB_GAS_INFO}
        self.dead = False
        self.asked: list[str] = []

    async def call(
        self,
        method: str,
        params: Sequence[Any] = (),
        *,
        type: Any = Any,
        quorum: int = 1,
        block_hash: bytes | None = None,
    ) -> Any:
        if self.dead:
            raise NodeTimeout("one", "expected an answer, found none")
        assert (method, *params) == ("eth_getBlockByNumber", "latest", False)
        return HEAD

    async def batch(self, calls: Sequence[RpcCall]) -> list[Any]:
        return [self._answer(call) for call in calls]

    def _answer(self, call: RpcCall) -> str:
        assert call.params[-1]["blockHash"] == HEAD.hash
        if call.method == "eth_getCode":
            return "0x"
        wanted = call.params[0]
        assert bytes.fromhex(wanted["to"][2:]) in self.places
        for name, number in self.answers.items():
            if wanted["data"] == f"0x{call_data(f'{name}()').hex()}":
                self.asked.append(name)
                return f"0x{number:064x}"
        return "0x"


AAVE = {"FLASHLOAN_PREMIUM_TOTAL": 5, "POOL_REVISION": 3}
BALANCER = {"getProtocolFeesCollector": int.from_bytes(FEES, "big"), "getFlashLoanFeePercentage": 10**15}
ORACLE = {
    "l1BaseFee": 7, "blobBaseFee": 8, "baseFeeScalar": 9, "blobBaseFeeScalar": 10, "decimals": 6, "isEcotone": 1,
}  # fmt: skip


def reader(
    costs: ChainCosts, lender: tuple[LoanSource, bytes] | None = None, rule: DataRule | None = None
) -> CostReader:
    return CostReader(CostTerms(10, 2_000, b"\x0d" * 20, lender, rule), costs)


async def test_lenders_and_oracles_are_asked_for_what_they_say() -> None:
    """Aave's premium with the revision that rounds it, Balancer's by its fee collector, both rules of Optimism."""
    costs = ChainCosts()
    for source, place, answers, fee in (
        (LoanSource.AAVE, POOL, AAVE, LoanFee(5, 10_000, half_up=True)),
        (LoanSource.AAVE, POOL, AAVE | {"POOL_REVISION": 9}, LoanFee(5, 10_000)),
        (LoanSource.BALANCER, VAULT, BALANCER, LoanFee(10**15, 10**18)),
    ):
        await reader(costs, (source, place)).read(Chain(**answers))
        assert costs.loan_fees == {10: fee}
    for answers, fjord in ((ORACLE | {"isFjord": 0}, False), (ORACLE | {"isFjord": 1}, True)):
        await reader(costs, rule=DataRule.OPTIMISM).read(Chain(**answers))
        assert costs.data_fees == {10: OptimismFee(7, 8, 9, 10, is_fjord=fjord)}
    await reader(costs, rule=DataRule.ARBITRUM).read(Chain(getL1BaseFeeEstimate=77))
    assert costs.data_fees == {10: ArbitrumFee(77)}


@pytest.mark.parametrize(
    ("lender", "rule", "answers"),
    [
        ((LoanSource.AAVE, POOL), None, {"FLASHLOAN_PREMIUM_TOTAL": 5}),
        ((LoanSource.AAVE, POOL), None, AAVE | {"FLASHLOAN_PREMIUM_TOTAL": 10_001}),
        ((LoanSource.BALANCER, VAULT), None, {}),
        ((LoanSource.BALANCER, VAULT), None, BALANCER | {"getFlashLoanFeePercentage": 10**18 + 1}),
        (None, DataRule.OPTIMISM, ORACLE | {"isFjord": 0, "isEcotone": 0}),
        (None, DataRule.OPTIMISM, ORACLE | {"decimals": 19}),
        (None, DataRule.ARBITRUM, {}),
    ],
)
async def test_an_answer_that_none_of_them_gives_is_refused(
    lender: tuple[LoanSource, bytes] | None, rule: DataRule | None, answers: dict[str, int]
) -> None:
    costs = ChainCosts()
    with pytest.raises(AnswerRefused):
        await reader(costs, lender, rule).read(Chain(**answers))
    assert not costs.loan_fees
    assert not costs.data_fees


async def test_a_premium_that_changes_is_noticed_and_silence_makes_it_unknown(autojump_clock: MockClock) -> None:
    """Looked at every five blocks of two seconds; the sixth look in a row that fails forgets."""
    chain, costs = Chain(**AAVE), ChainCosts()
    looking = reader(costs, (LoanSource.AAVE, POOL))
    chain.dead = True
    await looking.begin(chain)
    assert not costs.loan_fees
    chain.dead = False
    seen = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(looking.run, chain)
        await trio.sleep(1)
        for premium, dead in ((5, False), (9, False), *[(9, True)] * MOST_FAILURES, (7, False)):
            chain.answers["FLASHLOAN_PREMIUM_TOTAL"], chain.dead = premium, dead
            await trio.sleep(EVERY_BLOCKS * 2)
            fee = costs.loan_fees.get(10)
            seen.append(fee and fee.share)
        nursery.cancel_scope.cancel()
    assert seen == [5, 9, *[9] * (MOST_FAILURES - 1), None, 7]
    assert not costs.loan_fees
