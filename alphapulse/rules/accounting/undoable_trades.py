"""Trades whose end a reorganisation could still take back. Pure."""

from __future__ import annotations

import attrs

from alphapulse.data.execution import ExecutionReport, Fill, Mode, OrderRequest, Outcome, Settlement
from alphapulse.data.orphans import SettlementRevoked
from alphapulse.data.runs import RunStarted

UNDOABLE_BLOCKS = 2_000
"""Blocks behind a chain's newest trade whose trades are kept: as many as the books of pools can go back."""

MOST_TRADES = 65_536
"""Trades kept over all chains; beyond, the oldest is final, however few blocks have come since."""

ON_CHAIN = (Outcome.REVERTED,)
"""Ends without a fill that a block holds, as does every one that cost gas. Others were decided here."""


@attrs.frozen
class UndoableTrade:
    """An intent and the end that it has found on its chain. `times` is how often an end was taken back before."""

    intent: OrderRequest
    settlement: Settlement
    times: int


class UndoableTrades:
    """Folded from intents, their ends and what was taken back of these, as journal and executor tell them.

    Open intents are kept as long as they are open; how trades of an earlier run on paper ended is final. A chain goes
    on over runs, and so does what it may take back.
    """

    def __init__(self) -> None:
        self.open: dict[int, OrderRequest] = {}
        """Intents without an end, oldest first."""
        self._ended: dict[int, UndoableTrade] = {}
        self._times: dict[int, int] = {}
        self._newest: dict[int, int] = {}

    def take(self, message: object) -> None:
        """Fold one message; those that are about no trade are passed over."""
        match message:
            case OrderRequest():
                self.open[message.intent_id] = message
            case Fill() | ExecutionReport():
                self._end(message)
            case SettlementRevoked():
                self._take_back(message)
            case RunStarted(mode=Mode.PAPER):
                self.forget_ends()

    def orphaned_ends(self, chain_id: int, ancestor_number: int) -> list[UndoableTrade]:
        """Trades that ended on a block behind the ancestor, oldest first."""
        return [
            trade
            for trade in self._ended.values()
            if trade.settlement.chain_id == chain_id and trade.settlement.block_number > ancestor_number
        ]

    def ended(self, intent_id: int) -> UndoableTrade | None:
        """The trade of that intent, if it has ended on its chain and that can still be taken back."""
        return self._ended.get(intent_id)

    def forget_ends(self) -> None:
        """Fresh books: what has ended is final. What is open stays so."""
        self._ended.clear()
        self._newest.clear()

    def _end(self, settlement: Settlement) -> None:
        intent = self.open.pop(settlement.intent_id, None)
        times = self._times.pop(settlement.intent_id, 0)
        on_chain = isinstance(settlement, Fill) or settlement.outcome in ON_CHAIN or settlement.gas_wei > 0
        if intent is None or not on_chain:
            return
        self._ended[settlement.intent_id] = UndoableTrade(intent, settlement, times)
        chain_id = settlement.chain_id
        self._newest[chain_id] = max(self._newest.get(chain_id, 0), settlement.block_number)
        self._forget_final()

    def _take_back(self, revoked: SettlementRevoked) -> None:
        trade = self._ended.pop(revoked.intent_id, None)
        if trade is not None and revoked.reopened:
            self.open[revoked.intent_id] = trade.intent
            self._times[revoked.intent_id] = revoked.times

    def _forget_final(self) -> None:
        while self._ended:
            oldest = next(iter(self._ended.values())).settlement
            final = oldest.block_number < self._newest[oldest.chain_id] - UNDOABLE_BLOCKS
            if not final and len(self._ended) <= MOST_TRADES:
                return
            del self._ended[oldest.intent_id]
