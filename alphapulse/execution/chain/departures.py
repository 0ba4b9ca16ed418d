"""Carries signed transactions out: nothing leaves before the disk has it, or without leave."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Final

import attrs
import trio

from alphapulse.connections.routes.route import Parcel, Route
from alphapulse.data.transactions import Purpose, TransactionSigned
from alphapulse.errors import JournalError, NodeError, SendRefused
from alphapulse.execution.chain.attempts import Attempts
from alphapulse.execution.chain.chain_tip import ChainTip
from alphapulse.execution.chain.wallet_log import Sight, WalletLog
from alphapulse.journal.journal import Journal
from alphapulse.rules.nodes.rpc_faults import FaultKind
from alphapulse.rules.nodes.send_verdict import SendReport, Sent
from alphapulse.rules.transactions.transaction_states import Observation

WAITING: Final = 256
"""Transactions that may wait for a courier. More are not sent now: what was sent before is looked after again."""
NS_PER_S: Final = 1_000_000_000
UNDERPAID: Final = frozenset((FaultKind.UNDERPRICED, FaultKind.REPLACEMENT_UNDERPRICED, FaultKind.FEE_BELOW_BASE))
OBSERVED: Final = {
    Sent.ACCEPTED: Observation.ACCEPTED,
    Sent.REFUSED: Observation.REFUSED,
    Sent.UNKNOWN: Observation.DOUBTFUL,
}


@attrs.define(eq=False)
class Departure:
    """A transaction on its way out.

    `forbidden` says in a word why its bytes may not leave, empty if they may; it is asked directly before they do.
    `on_left` is called as they leave for the first time, `on_kept` if they do not leave at all.
    """

    signed: TransactionSigned
    forbidden: Callable[[], str]
    on_left: Callable[[], None] = lambda: None
    on_kept: Callable[[Exception], None] = lambda error: None
    left: bool = False
    why: str = ""


class Departures:
    """Couriers, each with one transaction at a time: a node that is slow holds up nobody else's."""

    def __init__(
        self,
        log: WalletLog,
        attempts: Attempts,
        journal: Journal,
        route: Route,
        public: Route,
        tip: ChainTip,
    ) -> None:
        self._log = log
        self._attempts = attempts
        self._journal = journal
        self._route = route
        self._public = public
        self._tip = tip
        self._in, self._out = trio.open_memory_channel[Departure](WAITING)

    def put(self, departure: Departure) -> None:
        """Have it sent, unless it is being sent already or too many wait."""
        attempt = self._attempts.of(departure.signed.hash)
        if attempt.under_way:
            return
        try:
            self._in.send_nowait(departure)
        except trio.WouldBlock:
            self._keep(departure, SendRefused("queue_full", f"{WAITING} transactions wait to be sent"))
        else:
            attempt.under_way = True

    async def run(self) -> None:
        """One courier, until cancelled."""
        async for departure in self._out:
            try:
                await self._carry(departure)
            finally:
                self._arrived(departure)

    def keep_all(self) -> None:
        """The sender ends: what waits for a courier does not leave any more."""
        with suppress(trio.WouldBlock):
            while True:
                departure = self._out.receive_nowait()
                self._keep(departure, SendRefused("not_running", "the sender was stopped"))
                self._arrived(departure)

    async def _carry(self, departure: Departure) -> None:
        ended = False
        try:
            try:
                await self._journal.sync()
                report = await self._route_of(departure.signed).send(self._parcel(departure))
            except JournalError as problem:
                self._break_off(departure, str(problem), problem)
            except NodeError as problem:
                self._break_off(departure, str(problem), SendRefused("no_node", str(problem)))
            else:
                self._settle(departure, report)
            ended = True
        finally:
            # Cancelled, alone or in a group: it travels on.
            if not ended:
                stopped = "the sender was stopped while it was being sent"
                self._break_off(departure, stopped, SendRefused("not_running", "the sender was stopped"))

    def _break_off(self, departure: Departure, text: str, error: Exception) -> None:
        """Nobody says what became of it: of bytes that had left, or of some that had not."""
        if departure.left:
            self._log.see([Sight(departure.signed.hash, Observation.DOUBTFUL, text)])
        else:
            self._keep(departure, error)

    def _route_of(self, signed: TransactionSigned) -> Route:
        """What moves nothing has nothing to hide."""
        return self._route if signed.purpose is Purpose.TRADE else self._public

    def _parcel(self, departure: Departure) -> Parcel:
        return Parcel(
            departure.signed.raw,
            departure.signed.hash,
            target_block=None if self._tip.number is None else self._tip.number + 1,
            permit=lambda: self._permit(departure),
            last_block=departure.signed.deadline_block,
        )

    def _permit(self, departure: Departure) -> bool:
        """Asked with no await between it and the bytes."""
        if why := departure.forbidden():
            departure.why = why
            return False
        if not departure.left:
            departure.left = True
            attempt = self._attempts.of(departure.signed.hash)
            attempt.sent_ns, attempt.sent_at = int(trio.current_time() * NS_PER_S), self._tip.number
            attempt.absent = False
            self._log.leave(departure.signed.hash)
            departure.on_left()
        return True

    def _settle(self, departure: Departure, report: SendReport) -> None:
        answers = "; ".join(f"{label}: {one.text or one.sent}" for label, one in report.nodes.items())
        if not departure.left:
            self._keep(departure, SendRefused(departure.why or "no_node", f"its bytes have not left ({answers})"))
            return
        known = departure.signed.hash
        attempt = self._attempts.of(known)
        underpaid = {one.kind for one in report.nodes.values()} <= UNDERPAID
        attempt.absent = report.sent is Sent.REFUSED
        attempt.underpaid, attempt.refused = attempt.absent and underpaid, attempt.absent and not underpaid
        text = {Sent.ACCEPTED: "taken by ", Sent.REFUSED: "refused by all: ", Sent.UNKNOWN: "nobody can say: "}
        taken = ", ".join(label for label, one in report.nodes.items() if one.sent is Sent.ACCEPTED)
        if report.sent in OBSERVED:
            said = text[report.sent] + (taken or answers)
            self._log.see([Sight(known, OBSERVED[report.sent], said)])

    def _keep(self, departure: Departure, error: Exception) -> None:
        """Its bytes have not left. If they never had, its number is free again."""
        record = self._log.book.find(departure.signed.hash)
        if record is not None and record.sends == 0 and not self._attempts.of(record.hash).recovered:
            self._log.see([Sight(record.hash, Observation.WITHDRAWN, f"not sent: {error}")])
        departure.on_kept(error)

    def _arrived(self, departure: Departure) -> None:
        self._attempts.of(departure.signed.hash).under_way = False
