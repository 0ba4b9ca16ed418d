"""Where a wallet's numbers are taken and its transactions are signed: one task, one bounded queue."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

import attrs
import trio

from alphapulse.data.transactions import Purpose, TransactionSigned, TransactionState
from alphapulse.errors import (
    AlphaPulseError,
    FeesRefused,
    NoSuchTransaction,
    SendRefused,
    SignerUnreachable,
    SigningRefused,
)
from alphapulse.execution.chain.attempts import Attempts
from alphapulse.execution.chain.chain_tip import ChainTip
from alphapulse.execution.chain.command import Command
from alphapulse.execution.chain.departures import Departure, Departures
from alphapulse.execution.chain.transaction_plan import SenderTerms, TransactionPlan
from alphapulse.execution.chain.wallet_log import WalletLog
from alphapulse.rules.evm.transaction import DynamicFeeTransaction, SignedTransaction, read_signed
from alphapulse.rules.transactions.fees import Fees, bumped, offer, replacement
from alphapulse.rules.transactions.transaction_record import TransactionRecord
from alphapulse.signing.signer import Signer

COMMANDS: Final = 256
"""Commands that may wait; the next one is refused."""
MOST_UNSETTLED: Final = 4_096
"""Transactions that are not ended; beyond them nothing new is sent."""
TRANSFER_GAS: Final = 21_000
"""What a transfer of nothing uses."""


class SigningDesk:
    """Takes numbers and signs, in the order in which it is asked.

    `forbidden` (in the methods) says in a word why something may not leave, empty if it may. It is asked before signing
    and directly before the bytes leave.
    """

    def __init__(
        self,
        terms: SenderTerms,
        signer: Signer,
        log: WalletLog,
        attempts: Attempts,
        departures: Departures,
        tip: ChainTip,
        *,
        epoch: Callable[[], int],
        gate_open: Callable[[int], bool],
        run: Callable[[], int],
        now_ns: Callable[[], int],
    ) -> None:
        self._terms = terms
        self._signer = signer
        self._wallet = signer.address
        self._log = log
        self._book = log.book
        self._attempts = attempts
        self._departures = departures
        self._tip = tip
        self._epoch = epoch
        self._gate_open = gate_open
        self._run = run
        self._now_ns = now_ns
        self._in, self._out = trio.open_memory_channel[Command](COMMANDS)
        self._is_open = False
        self._waited_for: set[Command] = set()
        self._unheard: dict[int, Fees] = {}
        """Number to the most that a signer was asked to sign for it without an answer: it may have signed that."""

    async def run(self) -> None:
        """The one task that takes numbers and signs, until cancelled."""
        self._is_open = True
        async for command in self._out:
            if not command.abandoned:
                try:
                    await command.act(command)
                except AlphaPulseError as error:
                    command.settle(error)

    def close(self) -> None:
        """Nothing is taken any more; who waits is told."""
        self._is_open = False
        for command in tuple(self._waited_for):
            command.abandoned = True
            command.settle(SendRefused("not_running", "the sender was stopped"))

    async def send(self, plan: TransactionPlan) -> SignedTransaction:
        """Send a new transaction."""
        return await self._ask(partial(self._send, plan=plan))

    async def bump(self, known: bytes, *, by_itself: bool) -> SignedTransaction:
        """The same once more, offering a tenth more. `by_itself`: nobody has asked for it."""
        return await self._ask(partial(self._bump, known=known, by_itself=by_itself))

    async def cancel(self, known: bytes, *, by_itself: bool) -> SignedTransaction:
        """A transfer of nothing in its place. `by_itself`: nobody has asked for it, so the gate has to be open."""
        return await self._ask(partial(self._cancel, known=known, by_itself=by_itself))

    async def fill_gap(self, nonce: int, *, by_itself: bool) -> SignedTransaction:
        """A transfer of nothing for a number that nothing has."""
        return await self._ask(partial(self._fill, nonce=nonce, by_itself=by_itself))

    def forbidden_trade(self, epoch: int, deadline_block: int | None) -> str:
        """Why what trades may not leave now; empty if it may."""
        if not self._gate_open(epoch):
            return "gate_closed"
        head = self._tip.number
        return "expired" if deadline_block is not None and head is not None and head >= deadline_block else ""

    def forbidden_upkeep(self) -> str:
        """Why nothing may be sent that nobody has asked for; empty if it may."""
        return "" if self._gate_open(self._epoch()) else "gate_closed"

    async def _ask(self, act: Callable[[Command], Awaitable[None]]) -> SignedTransaction:
        if not self._is_open:
            raise SendRefused("not_running", "the sender does not run")
        command = Command(act)
        try:
            self._in.send_nowait(command)
        except trio.WouldBlock:
            raise SendRefused("queue_full", f"{COMMANDS} commands wait already") from None
        self._waited_for.add(command)
        try:
            await command.settled.wait()
        except trio.Cancelled:
            command.abandoned = True
            raise
        finally:
            self._waited_for.discard(command)
        if isinstance(command.outcome, SignedTransaction):
            return command.outcome
        raise command.outcome or SendRefused("not_running", "the sender was stopped")

    async def _send(self, command: Command, *, plan: TransactionPlan) -> None:
        forbidden = partial(self.forbidden_trade, plan.halt_epoch, plan.deadline_block)
        _check(forbidden())
        if len(self._book) >= MOST_UNSETTLED:
            raise SendRefused("too_many_unsettled", f"{MOST_UNSETTLED} transactions are not settled")
        nonce = self._book.allocate(self._terms.most_unmined)
        while not _outbids(plan, self._book.offered(nonce)):
            # Something dearer was signed for this number, though it never left: what moves nothing uses it up.
            try:
                await self._move_nothing(Command(_nothing), nonce, Purpose.FILL_GAP, None, forbidden)
            except SigningRefused as refusal:
                if refusal.rule != "nonce":
                    raise  # else the signer has signed something dearer still: a tenth more, until it will do
            nonce = self._book.allocate(self._terms.most_unmined)
        transaction = DynamicFeeTransaction(
            self._terms.chain_id, nonce, plan.tip_wei, plan.cap_wei, plan.gas_limit, plan.to, plan.value_wei, plan.data
        )
        await self._sign(
            command,
            transaction,
            purpose=plan.purpose,
            intent_id=plan.intent_id,
            halt_epoch=plan.halt_epoch,
            deadline_block=plan.deadline_block,
            forbidden=forbidden,
            most_cap_wei=plan.most_cap_wei,
        )

    async def _bump(self, command: Command, *, known: bytes, by_itself: bool) -> None:
        record = self._replaceable(known)
        signed = record.signed
        is_trade = signed.purpose is Purpose.TRADE
        if is_trade and record.state is TransactionState.UNKNOWN:
            raise SendRefused(
                "unknown", "nobody can say what became of it, so it is not sent as anything new; cancel it"
            )
        forbidden: Callable[[], str] = self.forbidden_upkeep if by_itself else _nothing_forbidden
        if is_trade:
            forbidden = partial(self.forbidden_trade, signed.halt_epoch, signed.deadline_block)
        _check(forbidden())
        old = read_signed(signed.raw)[0].transaction
        fees = self._replacement(record.nonce, is_trade=is_trade)
        most_cap_wei = self._attempts.of(record.hash).most_cap_wei
        if most_cap_wei is not None and fees.cap_wei > most_cap_wei:
            text = f"a replacement has to offer {fees.cap_wei} wei per gas, and this trade pays for {most_cap_wei}"
            raise FeesRefused(text)
        await self._sign(
            command,
            attrs.evolve(old, tip_wei=fees.tip_wei, cap_wei=fees.cap_wei),
            purpose=signed.purpose,
            intent_id=signed.intent_id,
            halt_epoch=signed.halt_epoch if is_trade else self._epoch(),
            deadline_block=signed.deadline_block,
            forbidden=forbidden,
            most_cap_wei=most_cap_wei,
        )

    async def _cancel(self, command: Command, *, known: bytes, by_itself: bool) -> None:
        record = self._replaceable(known)
        forbidden = self.forbidden_upkeep if by_itself else _nothing_forbidden
        await self._move_nothing(command, record.nonce, Purpose.CANCEL, record.signed.intent_id, forbidden)

    async def _fill(self, command: Command, *, nonce: int, by_itself: bool) -> None:
        if nonce not in self._book.gaps:
            raise SendRefused("no_gap", f"number {nonce} is not one that nothing has though later ones are taken")
        forbidden = self.forbidden_upkeep if by_itself else _nothing_forbidden
        await self._move_nothing(command, nonce, Purpose.FILL_GAP, None, forbidden)

    async def _move_nothing(
        self, command: Command, nonce: int, purpose: Purpose, intent_id: int | None, forbidden: Callable[[], str]
    ) -> None:
        _check(forbidden())
        fees = self._replacement(nonce, is_trade=False)
        transaction = DynamicFeeTransaction(
            self._terms.chain_id, nonce, fees.tip_wei, fees.cap_wei, TRANSFER_GAS, self._wallet, 0, b""
        )
        await self._sign(
            command,
            transaction,
            purpose=purpose,
            intent_id=intent_id,
            halt_epoch=self._epoch(),
            deadline_block=None,
            forbidden=forbidden,
        )

    async def _sign(
        self,
        command: Command,
        transaction: DynamicFeeTransaction,
        *,
        purpose: Purpose,
        intent_id: int | None,
        halt_epoch: int,
        deadline_block: int | None,
        forbidden: Callable[[], str],
        most_cap_wei: int | None = None,
    ) -> None:
        """Sign, and take the number in the step that writes it down. From here on a courier has it."""
        fees = Fees(transaction.tip_wei, transaction.cap_wei)
        _check(forbidden())
        try:
            signed = await self._signer.sign(transaction, halt_epoch=halt_epoch)
        except SignerUnreachable:
            self._unheard[transaction.nonce] = fees.or_more(self._unheard.get(transaction.nonce, fees))
            raise
        except SigningRefused as refusal:
            if refusal.rule == "nonce":  # something dearer was signed, by an answer that was not heard
                self._book.burn(transaction.nonce, fees.or_more(self._unheard.pop(transaction.nonce, fees)))
            raise
        self._unheard.pop(transaction.nonce, None)
        self._book.burn(transaction.nonce, fees)
        _check(forbidden())  # what is written down behind a halt would look like a trade behind it
        record = self._log.sign(
            TransactionSigned(
                run=self._run(),
                wallet=self._wallet,
                chain_id=self._terms.chain_id,
                nonce=transaction.nonce,
                hash=signed.hash,
                purpose=purpose,
                intent_id=intent_id,
                halt_epoch=halt_epoch,
                to=transaction.to,
                gas_limit=transaction.gas_limit,
                tip_wei=transaction.tip_wei,
                cap_wei=transaction.cap_wei,
                deadline_block=deadline_block,
                raw=signed.raw,
                signed_ns=self._now_ns(),
            )
        )
        attempt = self._attempts.of(record.hash)
        attempt.signed_at, attempt.most_cap_wei = self._tip.number, most_cap_wei
        self._departures.put(
            Departure(
                record.signed,
                forbidden=lambda: "abandoned" if command.abandoned else forbidden(),
                on_left=partial(command.settle, signed),
                on_kept=command.settle,
            )
        )

    def _replaceable(self, known: bytes) -> TransactionRecord:
        record = self._book.find(known)
        if record is None:
            raise NoSuchTransaction(f"0x{known.hex()} is no transaction of 0x{self._wallet.hex()} that is remembered")
        if record.state.ended:
            raise SendRefused("ended", f"it is {record.state.name.lower()} already")
        if any(not one.waits for one in self._book.at(record.nonce)):
            raise SendRefused("mined", "it, or another one of its number, is in a block already")
        return self._book.newest_at(record.nonce) or record

    def _replacement(self, nonce: int, *, is_trade: bool) -> Fees:
        """What to offer next for a number.

        A trade's price is raised by a tenth, whatever the market asks: more might be more than it earns.
        """
        previous = self._book.offered(nonce)
        wanted = None
        terms = self._terms.fees.of_trades if is_trade else self._terms.fees.of_nothing
        if not is_trade and self._tip.base_fee_wei is not None:
            base_fee_wei = terms.rule.most_base_fee(self._tip.base_fee_wei, 1)
            wanted = offer(terms, base_fee_wei=base_fee_wei, blocks=self._terms.bump_after_blocks)
        if previous is not None:
            return replacement(previous, terms, wanted)
        if wanted is None:
            raise SendRefused("fees_unknown", "no head of the chain has told its base fee")
        return wanted


def _nothing_forbidden() -> str:
    """A person takes back."""
    return ""


async def _nothing(command: Command) -> None:
    """Of a command that nobody waits for."""


def _check(why: str) -> None:
    if why:
        raise SendRefused(why, "nothing was sent")


def _outbids(plan: TransactionPlan, offered: Fees | None) -> bool:
    """Whether a plan may have a number for which something was signed before."""
    if offered is None:
        return True
    return plan.tip_wei >= bumped(offered.tip_wei) and plan.cap_wei >= bumped(offered.cap_wei)
