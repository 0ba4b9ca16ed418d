"""Reads what only the chain can say of costs, at the start and every few blocks."""

from __future__ import annotations

import logging

import attrs
import trio

from alphapulse.collectors.evm.contract_reader import ContractReader, Nodes
from alphapulse.collectors.evm.data_prices import data_fee
from alphapulse.collectors.evm.lender_fees import lender_fee
from alphapulse.errors import AnswerRefused, NodeError, RpcError
from alphapulse.rules.arbitrage.chain_costs import ChainCosts
from alphapulse.rules.arbitrage.data_fee import DataRule
from alphapulse.rules.arbitrage.flash_loan import LoanSource
from alphapulse.rules.chain.header import HeaderReader, RpcHeader

logger = logging.getLogger(__name__)

EVERY_BLOCKS = 5
"""Between looks, in block times: lenders' fees change by votes, prices of data with the blocks of the chain below."""

MOST_FAILURES = 6
"""Looks in a row that may fail before what was read is unknown again."""


@attrs.frozen
class CostTerms:
    """What is read of a chain. `lender` is whom to ask, and his contract; `rule` the chain's way to charge for data.

    None: nobody, nothing.
    """

    chain_id: int
    block_time_ms: int
    multicall: bytes
    lender: tuple[LoanSource, bytes] | None
    rule: DataRule | None


class CostReader:
    """Keeps `costs` as the chain says them. What cannot be read for long is unknown."""

    def __init__(self, terms: CostTerms, costs: ChainCosts) -> None:
        self._terms = terms
        self._costs = costs
        self._headers = HeaderReader()
        self._failures = 0

    async def begin(self, nodes: Nodes) -> None:
        """The first look, before anything is traded. What cannot be read now is read later."""
        await self._look(nodes)

    async def run(self, nodes: Nodes) -> None:
        """Runs until cancelled; then nothing is known any more."""
        try:
            while True:
                await trio.sleep(EVERY_BLOCKS * self._terms.block_time_ms / 1_000)
                await self._look(nodes)
        finally:
            self._costs.forget(self._terms.chain_id)

    async def _look(self, nodes: Nodes) -> None:
        try:
            await self.read(nodes)
        except (NodeError, RpcError, AnswerRefused) as problem:
            self._failures += 1
            logger.warning("what the chain says of costs could not be read: %s", problem)
            if self._failures == MOST_FAILURES:
                self._costs.forget(self._terms.chain_id)
        else:
            self._failures = 0

    async def read(self, nodes: Nodes) -> None:
        """Read all of it at the newest block.

        Raises:
            NodeError, RpcError, AnswerRefused: it cannot be read.
        """
        terms, costs = self._terms, self._costs
        raw = await nodes.call("eth_getBlockByNumber", ("latest", False), type=RpcHeader)
        block_hash = self._headers.read(raw).hash
        reader = ContractReader(nodes, terms.multicall)
        if terms.lender is not None:
            source, lender = terms.lender
            fee = await lender_fee(reader, source, lender, block_hash)
            if costs.loan_fees.get(terms.chain_id) != fee:
                logger.info("%s lends for %d of %d", source.value, fee.share, fee.whole)
            costs.loan_fees[terms.chain_id] = fee
        if terms.rule is not None:
            costs.data_fees[terms.chain_id] = await data_fee(reader, terms.rule, block_hash)
