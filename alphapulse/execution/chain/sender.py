"""Sends a wallet's transactions: numbers, signatures, journal, bytes, and what becomes of them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from functools import partial

import trio

from alphapulse.connections.node_pool import NodePool
from alphapulse.connections.routes.route import PublicRoute, Route
from alphapulse.data.transactions import Purpose, TransactionState, TransactionStatus
from alphapulse.errors import (
    AlphaPulseError,
    FeesRefused,
)
from alphapulse.execution.chain.attempts import Attempts
from alphapulse.execution.chain.chain_tip import ChainTip
from alphapulse.execution.chain.departures import NS_PER_S, Departure, Departures
from alphapulse.execution.chain.signing_desk import SigningDesk
from alphapulse.execution.chain.transaction_plan import SenderTerms, TransactionPlan
from alphapulse.execution.chain.wallet_log import WalletLog
from alphapulse.execution.chain.wallet_watch import HEARD, WalletWatch
from alphapulse.journal.journal import Journal
from alphapulse.relays.any_relay import AnyRelay
from alphapulse.relays.reader import Reader
from alphapulse.rules.evm.transaction import SignedTransaction
from alphapulse.rules.transactions.nonce_book import NonceBook
from alphapulse.rules.transactions.receipt import Receipt
from alphapulse.rules.transactions.transaction_record import TransactionRecord
from alphapulse.rules.transactions.upkeep import Act, UpkeepTerms, due
from alphapulse.signing.signer import Signer

log = logging.getLogger(__name__)


class Sender(Reader):
    """One wallet on one chain: the only one who signs with its key.

    One task takes numbers and signs, in the order in which it is asked, and writes each signature into the journal in
    the same step in which its number is taken. Couriers wait for the disk, look at the gate and send. A watch asks all
    nodes once a block what became of it, sends again what was lost, replaces what is stuck, and uses up the numbers of
    what nobody knows any more, so that none stands in the way for long.

    `epoch` is the present halt epoch, `gate_open` whether trading is allowed under one. What becomes of transactions is
    in the journal and on the execution relay when `on_status` is told. `on_foreign_use` has to halt.
    """

    def __init__(
        self,
        terms: SenderTerms,
        signer: Signer,
        nodes: NodePool,
        route: Route,
        book: NonceBook,
        journal: Journal,
        market_data: AnyRelay,
        execution: AnyRelay,
        *,
        epoch: Callable[[], int],
        gate_open: Callable[[int], bool],
        on_status: Callable[[Sequence[TransactionStatus]], None],
        on_foreign_use: Callable[[str], None],
        run: Callable[[], int],
        now_ns: Callable[[], int],
    ) -> None:
        self.wallet = signer.address
        self.chain_id = terms.chain_id
        self._terms = terms
        self._route = route
        self._book = book
        self._market_data = market_data
        self._stuck: str | None = None
        self._upkeep = UpkeepTerms(terms.resend_s * NS_PER_S, terms.bump_after_blocks)
        self._tip = ChainTip()
        self._log = WalletLog(book, journal, execution, on_status, run=run, now_ns=now_ns)
        self._attempts = Attempts(book)
        self._inherited = frozenset(book.gaps).union(record.nonce for record in book.waiting)
        """Numbers that an earlier life left open. A start is halted then, and nobody may resume it before they are
        ended: so transfers of nothing take their place behind a closed gate too."""
        self._departures = Departures(self._log, self._attempts, journal, route, PublicRoute(nodes), self._tip)
        self._desk = SigningDesk(
            terms,
            signer,
            self._log,
            self._attempts,
            self._departures,
            self._tip,
            epoch=epoch,
            gate_open=gate_open,
            run=run,
            now_ns=now_ns,
        )
        self._watch = WalletWatch(
            terms.chain_id,
            signer.address,
            nodes,
            self._log,
            self._attempts,
            self._tip,
            after_look=self._see_to_all,
            on_orphaned=self._send_orphaned,
            on_foreign_use=on_foreign_use,
        )

    @property
    def next_nonce(self) -> int:
        """The number of the next transaction."""
        return self._book.next_nonce

    @property
    def mined_nonce(self) -> int | None:
        """How many transactions of the wallet the chain has; None until a quorum of nodes has told."""
        return self._book.mined

    @property
    def open(self) -> tuple[TransactionRecord, ...]:
        """Transactions that are not ended, by number; of one number the oldest first."""
        return tuple(self._book)

    @property
    def problem(self) -> str | None:
        """What keeps it from knowing how its transactions stand, or from bringing one of them to its end."""
        return self._watch.problem or self._stuck

    def receipt_of(self, transaction_hash: bytes, /) -> Receipt | None:
        """The receipt of a transaction that is in a block; None if there is none, or it was forgotten."""
        return self._log.receipts.get(transaction_hash)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until cancelled. Ready once the nodes were asked how the wallet stands, whatever came of it."""
        try:
            with self._market_data.subscribe(f"sender of 0x{self.wallet.hex()}", types=HEARD) as heard:
                async with trio.open_nursery() as nursery:
                    for _ in range(self._terms.most_unmined + 2):
                        nursery.start_soon(self._departures.run)
                    nursery.start_soon(self._desk.run)
                    await self._watch.look_once()
                    nursery.start_soon(self._watch.run)
                    task_status.started()
                    while True:
                        for message in await self.read(heard):
                            self._watch.take(message)
                        self._offer_for_next_block()
        finally:
            self._departures.keep_all()
            self._desk.close()

    async def send(self, plan: TransactionPlan) -> SignedTransaction:
        """Send a transaction; returns when its bytes are about to leave. What becomes of it is told by `on_status`.

        If the caller is cancelled before they leave, they do not leave.

        Raises:
            SendRefused: why not; nothing has left, and nothing is left to settle.
            SigningRefused, SignerUnreachable, SigningRecordError, JournalError: the same.
        """
        return await self._desk.send(plan)

    async def bump(self, transaction_hash: bytes, /) -> SignedTransaction:
        """Send a transaction once more, offering a tenth more. Raises as `send` does."""
        return await self._desk.bump(transaction_hash, by_itself=False)

    async def cancel(self, transaction_hash: bytes, /) -> SignedTransaction:
        """Put a transfer of nothing to ourselves in its place, also while the gate is closed. Raises as `send` does."""
        return await self._desk.cancel(transaction_hash, by_itself=False)

    async def fill_gap(self, nonce: int, /) -> SignedTransaction:
        """Use up a number that nothing has, though later ones are taken. Raises as `send` does."""
        return await self._desk.fill_gap(nonce, by_itself=False)

    async def _see_to_all(self) -> None:
        """What is due for numbers that wait: of all while the gate is open, else of those that an earlier life left."""
        before, self._stuck = self._stuck, None
        for nonce in self._book.gaps:
            if self._may_see_to(nonce):
                try:
                    await self._desk.fill_gap(nonce, by_itself=nonce not in self._inherited)
                except AlphaPulseError as error:
                    self._stuck = f"number {nonce}, which nothing has, was not used up: {error}"
        for nonce in sorted({record.nonce for record in self._book.waiting}):
            if nonce >= self._book.floor and self._may_see_to(nonce):
                await self._see_to(nonce)
        if self._stuck is not None and self._stuck != before:
            log.warning(self._stuck)

    def _may_see_to(self, nonce: int) -> bool:
        return nonce in self._inherited or not self._desk.forbidden_upkeep()

    async def _see_to(self, nonce: int) -> None:
        attempts = self._book.at(nonce)
        newest = attempts[-1] if attempts else None
        if newest is None or any(not one.waits for one in attempts) or self._attempts.of(newest.hash).under_way:
            return
        act = self._due(newest, capped=False)
        try:
            if act is Act.BUMP:
                await self._desk.bump(newest.hash, by_itself=nonce not in self._inherited)
            elif act is Act.CANCEL:
                await self._desk.cancel(newest.hash, by_itself=nonce not in self._inherited)
        except FeesRefused as refused:
            self._stuck = f"number {nonce} cannot be replaced: {refused}"
            act = self._due(newest, capped=True)
        except AlphaPulseError as error:
            self._stuck = f"number {nonce} was not replaced: {error}"
        if act is Act.RESEND:
            self._send_again(newest)

    def _due(self, record: TransactionRecord, *, capped: bool) -> Act:
        signed, attempt = record.signed, self._attempts.of(record.hash)
        if attempt.signed_at is None:
            attempt.signed_at = self._tip.number  # it is older, but this life has only seen it since
        may_trade = not self._desk.forbidden_trade(signed.halt_epoch, signed.deadline_block)
        now_ns = int(trio.current_time() * NS_PER_S)
        standing = self._attempts.standing(record, capped=capped)
        return due(standing, self._upkeep, head=self._tip.number, now_ns=now_ns, may_trade=may_trade)

    def _offer_for_next_block(self) -> None:
        """Where what was sent holds for one block alone: the identical bytes for the next one, when that is known."""
        if not self._route.each_block:
            return
        for record in self._book.waiting:
            attempt = self._attempts.of(record.hash)
            is_kept = record.signed.purpose is Purpose.TRADE and self._book.newest_at(record.nonce) is record
            if is_kept and not attempt.recovered and attempt.sent_at != self._tip.number:
                self._send_again(record)

    def _send_again(self, record: TransactionRecord) -> None:
        """The identical bytes."""
        signed = record.signed
        forbidden: Callable[[], str] = self._desk.forbidden_upkeep
        if signed.purpose is Purpose.TRADE:
            forbidden = partial(self._desk.forbidden_trade, signed.halt_epoch, signed.deadline_block)
        elif signed.nonce in self._inherited:
            forbidden = _nothing_forbidden
        if not forbidden():
            self._departures.put(Departure(signed, forbidden=forbidden))

    def _send_orphaned(self, records: Iterable[TransactionRecord]) -> None:
        for record in records:
            if record.state is TransactionState.SENT:
                self._send_again(record)


def _nothing_forbidden() -> str:
    """A transfer of nothing, for a number that an earlier life has left open."""
    return ""
