"""Asks for blocks' receipts, which prove their logs, where nodes tell them and they make the root in the header."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from alphapulse.collectors.evm.contract_reader import Nodes
from alphapulse.errors import AnswerRefused, AnswerTooLarge, NodeError, NoNode, RpcError
from alphapulse.rules.chain.asks import AskLogs
from alphapulse.rules.chain.block_receipts import RpcReceipt, proved_logs
from alphapulse.rules.chain.log_filter import LogFilter
from alphapulse.rules.events.rpc_log import RpcLog
from alphapulse.rules.nodes.rpc_call import RpcCall
from alphapulse.rules.nodes.rpc_faults import FaultKind

logger = logging.getLogger(__name__)

ATTEMPTS = 4
"""Answers for one block that do not prove its logs; then `eth_getLogs` is believed, as far as it can be checked."""

UNPROVED_IN_A_ROW = 4
"""Blocks after which it is not tried any more: the chain, or its nodes, do otherwise now."""

SHORTEST_REST, LONGEST_REST = 8, 1_024
"""Blocks between two tries while it does not go: each time twice as many."""

MOST_FAILED = 256
"""Blocks whose attempts are counted; those that were reorganised away are never proved."""

UNKNOWN_BLOCK = "unknown_block"
"""Why an answer is refused that has no receipts at all."""


class ReceiptProofs:
    """Proves the logs of one chain's blocks.

    Chains and providers differ in whether it goes at all, and now and then one block shows it. `proving` is True once
    one was proved that has receipts; from then on each block is tried several times before it is done without.
    """

    def __init__(self, nodes: Nodes, wanted: LogFilter) -> None:
        self.proving = False
        self._nodes = nodes
        self._wanted = wanted
        self._rest = 0
        self._next_rest = SHORTEST_REST
        self._unproved = 0
        self._failed: dict[bytes, int] = {}

    def may_prove(self, ask: AskLogs) -> bool:
        """True if the answer to this should be proved: `logs_of` it is to be awaited."""
        if not ask.receipts_root:
            return False
        if self.proving:
            return True
        if self._rest:
            self._rest -= 1
            return False
        self._rest, self._next_rest = self._next_rest, min(2 * self._next_rest, LONGEST_REST)
        return True

    async def logs_of(self, ask: AskLogs) -> list[RpcLog] | None:
        """The block's logs, proved; None if they cannot be, and have to be asked for in another way.

        Raises:
            NodeError, RpcError, AnswerRefused: not this time; the block is to be asked for again.
        """
        call = RpcCall("eth_getBlockReceipts", (f"0x{ask.hash.hex()}",), list[RpcReceipt] | None)
        try:
            receipts = await self._nodes.call(call.method, call.params, type=call.type)
            logs = self._proved(ask, receipts)
        except (NodeError, RpcError, AnswerRefused) as problem:
            if self._goes_on(ask, problem):
                raise
            return None
        self._failed.pop(ask.hash, None)
        self._unproved = 0
        if receipts and not self.proving:
            self.proving, self._next_rest = True, SHORTEST_REST
            logger.info("each block's logs are proved by its receipts")
        return logs

    def _proved(self, ask: AskLogs, receipts: Sequence[RpcReceipt] | None) -> list[RpcLog]:
        if receipts is None:
            raise AnswerRefused(UNKNOWN_BLOCK, f"expected receipts of block {ask.number}, found that nobody knows it")
        return proved_logs(ask, receipts, self._wanted)

    def _goes_on(self, ask: AskLogs, problem: Exception) -> bool:
        """Whether the block should be tried again."""
        attempts = self._failed.pop(ask.hash, 0) + 1
        if self.proving and attempts < ATTEMPTS and not isinstance(problem, AnswerTooLarge):
            while len(self._failed) >= MOST_FAILED:
                del self._failed[next(iter(self._failed))]
            self._failed[ask.hash] = attempts
            return True
        self._unproved += not _says_nothing(problem)
        if self.proving and self._unproved >= UNPROVED_IN_A_ROW:
            logger.warning("blocks' logs are not proved by their receipts any more: %s", problem)
            self.proving, self._unproved = False, 0
        return False


def _says_nothing(problem: Exception) -> bool:
    """True if nobody was asked, or nobody has the block, which may be gone: that is nothing against proofs."""
    if isinstance(problem, RpcError):
        return problem.kind == FaultKind.BLOCK_UNKNOWN
    return isinstance(problem, NoNode) or getattr(problem, "reason", "") == UNKNOWN_BLOCK
