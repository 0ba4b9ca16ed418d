"""Trades that a journal left open although their transactions had ended: between the two the process was killed."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import trio

from alphapulse.data.execution import OrderRequest, Outcome
from alphapulse.data.transactions import TransactionState
from alphapulse.errors import AnswerRefused, NodeError, RpcError
from alphapulse.execution.chain.asked_nodes import AskedNodes
from alphapulse.execution.chain.live_wallet import LiveWallet
from alphapulse.execution.chain.trade_booking import TradeBooking
from alphapulse.execution.chain.trade_records import TradeRecords
from alphapulse.rules.nodes.rpc_call import RpcCall
from alphapulse.rules.transactions.receipt import RpcReceipt, read_receipt
from alphapulse.rules.transactions.transaction_record import TransactionRecord

AGAIN_S: Final = 2
"""Between two questions for receipts that no node has told."""

log = logging.getLogger(__name__)


class Unfinished:
    """`sent` is where the journal has each intent's transaction: chain, wallet and number.

    What is still under way is told by the senders. What is final is booked by its receipt, and what never came into a
    block is lost.
    """

    def __init__(
        self,
        nodes: AskedNodes,
        booking: TradeBooking,
        records: TradeRecords,
        sent: Mapping[int, tuple[int, bytes, int]],
    ) -> None:
        self._nodes = nodes
        self._booking = booking
        self._records = records
        self._sent = dict(sent)

    async def finish(self, wallets: Sequence[LiveWallet]) -> None:
        """End what can be ended; returns when nothing is left of it."""
        while True:
            left_open = tuple(self._records.trades.open.values())
            final = [record for intent in left_open for record in self._of(intent, wallets)]
            if not final or await self._book(final):
                return
            await trio.sleep(AGAIN_S)

    def _of(self, intent: OrderRequest, wallets: Sequence[LiveWallet]) -> Iterator[TransactionRecord]:
        """The final transaction of an open trade, if it has one; a trade that can have none any more is ended here."""
        place = self._sent.get(intent.intent_id)
        wallet = None if place is None else next((one for one in wallets if one.address == place[1]), None)
        if place is None or wallet is None:
            return
        attempts = [one for one in wallet.book.at(place[2]) if one.signed.intent_id == intent.intent_id]
        if any(not one.state.ended for one in attempts):
            return
        settled = [one for one in attempts if one.state is TransactionState.SETTLED]
        if not settled:
            self._records.end([intent], Outcome.LOST, "never mined: its number went to another transaction, or to none")
        yield from settled

    async def _book(self, final: Sequence[TransactionRecord]) -> bool:
        """Book final transactions by their receipts; False if one was not told."""
        calls = [RpcCall("eth_getTransactionReceipt", (f"0x{one.hash.hex()}",), RpcReceipt | None) for one in final]
        try:
            answers = await self._nodes.batch(calls)
        except NodeError as error:
            log.warning("%d trades stay open: %s", len(final), error)
            return False
        told = True
        for record, answer in zip(final, answers, strict=True):
            if answer is None or isinstance(answer, RpcError):
                log.warning("the receipt of 0x%s is not told: %s", record.hash.hex(), answer)
                told = False
                continue
            try:
                self._records.write(self._booking.mined(record.signed, read_receipt(answer, record.hash)))
            except AnswerRefused as refused:
                log.warning("the receipt of 0x%s cannot be believed: %s", record.hash.hex(), refused)
                told = False
        return told
