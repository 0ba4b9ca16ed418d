"""Watches what becomes of a wallet's transactions: by the chain's heads, and by asking all nodes once a block."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

import trio

from alphapulse.connections.node_pool import NodePool
from alphapulse.data.chain_events import ChainHead, ChainReorganised
from alphapulse.data.market import BlockCompleted, StreamStatus
from alphapulse.data.transactions import TransactionState
from alphapulse.execution.chain.attempts import Attempts
from alphapulse.execution.chain.chain_tip import ChainTip
from alphapulse.execution.chain.node_look import look
from alphapulse.execution.chain.wallet_log import Sight, WalletLog
from alphapulse.rules.transactions.look_tally import Look
from alphapulse.rules.transactions.transaction_record import TransactionRecord
from alphapulse.rules.transactions.transaction_states import Observation

HEARD: Final = (ChainHead, BlockCompleted, ChainReorganised, StreamStatus)
LOOK_S: Final = 5
"""So often it is looked even if no head comes: what was sent must not be lost sight of with the market."""
IDLE_LOOK_S: Final = 10
"""The same while nothing is under way: somebody else may use the key."""
UNKNOWN_LOOK_S: Final = 1
"""The same as long as nobody has told how many transactions the wallet has: nothing can be sent before."""
MOST_ASKED: Final = 128
"""Transactions that one look asks for, those first that were not asked for longest; fewer if a node takes few calls."""
PATH_KEPT: Final = 2_048
"""Blocks whose hashes are known."""
SURE_BLOCKS: Final = 2
"""For so long each look has to find a number used up by nobody we know: a node's index may be late, its branch old."""

log = logging.getLogger(__name__)


class WalletWatch:
    """Says what is seen of transactions, and lets others act on it.

    `after_look` is awaited behind each look that was answered: it sees to what waits. `on_orphaned` is called at once
    with transactions whose block was taken back, `on_foreign_use` when somebody else uses the key.
    """

    def __init__(
        self,
        chain_id: int,
        wallet: bytes,
        nodes: NodePool,
        wallet_log: WalletLog,
        attempts: Attempts,
        tip: ChainTip,
        *,
        after_look: Callable[[], Awaitable[None]],
        on_orphaned: Callable[[Iterable[TransactionRecord]], None],
        on_foreign_use: Callable[[str], None],
    ) -> None:
        self.problem: str | None = None
        self._chain_id = chain_id
        self._wallet = wallet
        self._nodes = nodes
        self._log = wallet_log
        self._attempts = attempts
        self._tip = tip
        self._after_look = after_look
        self._on_orphaned = on_orphaned
        self._on_foreign_use = on_foreign_use
        self._settled: int | None = None
        self._path: dict[int, bytes] = {}
        self._branch = 0
        """Raised whenever the chain may have gone on from another block."""
        self._wanted = trio.Event()
        self._looked_s: float = -IDLE_LOOK_S
        self._stolen: dict[int, int] = {}
        """Numbers that others have used while ours wait, and the head when a look first said so."""
        self._told_stolen: set[int] = set()

    def take(self, message: object) -> None:
        """Something is heard of a chain."""
        if isinstance(message, StreamStatus):
            self._doubt_all()  # whatever has happened in a gap may have been a reorganisation that was not told
        elif not isinstance(message, (ChainHead, BlockCompleted, ChainReorganised)) or (
            message.chain_id != self._chain_id
        ):
            return
        elif isinstance(message, ChainHead):
            self._tip.number, self._tip.base_fee_wei = message.number, message.base_fee_wei
            if message.settled_number is not None:
                self._settled = message.settled_number
            self._know(message.number, message.hash)
        elif isinstance(message, BlockCompleted):
            if message.block_hash is not None:
                self._know(message.block_number, message.block_hash)
            return
        else:
            self._take_back(message)
        self._wanted.set()

    async def run(self) -> None:
        """Look after each head, and now and then without one, until cancelled."""
        while True:
            with trio.move_on_after(UNKNOWN_LOOK_S if self._log.book.mined is None else LOOK_S):
                await self._wanted.wait()
            self._wanted = trio.Event()
            await self.look_once()

    async def look_once(self) -> None:
        """Ask all nodes for what is open, and see to it; if nothing is, only after a while."""
        waiting, mined = self._asked()
        asked = self._first_of([*waiting, *mined])
        idle = not asked
        if idle and trio.current_time() - self._looked_s < IDLE_LOOK_S:
            return
        branch = self._branch
        lost = [record.hash for record in asked if self._may_be_lost(record)]
        found = await look(self._nodes, self._wallet, [record.hash for record in asked], lost)
        if found.mined is None:
            self.problem = "too few nodes say how many transactions the wallet has"
            return
        if branch != self._branch:
            self._wanted.set()  # what was answered may be of the branch that was left meanwhile
            return
        self.problem = None
        if found.head is not None:
            # What waits grows older while the market data stand still, too.
            self._tip.number = max(found.head, self._tip.number or 0)
        self._looked_s = trio.current_time()
        self._take_look(found, asked)
        self._count(found)
        self._attempts.forget_ended(self._log.book)
        await self._after_look()

    def _may_be_lost(self, record: TransactionRecord) -> bool:
        """Whether it matters that a node has it: of one number only the newest has to be kept alive."""
        newest = self._log.book.newest_at(record.nonce)
        return record.waits and (newest is record or self._attempts.of(record.hash).recovered)

    def _asked(self) -> tuple[list[TransactionRecord], list[TransactionRecord]]:
        """Those that wait and may have left; those in a block of which something is to be made sure."""
        waiting, mined = [], []
        for record in self._log.book:
            if record.waits:
                is_here = record.state is TransactionState.SIGNED and not record.sends
                if not is_here or self._attempts.of(record.hash).recovered:
                    waiting.append(record)
            elif self._is_doubtful(record) or self._is_final(record) or record.hash not in self._log.receipts:
                mined.append(record)
        return waiting, mined

    def _first_of(self, records: list[TransactionRecord]) -> list[TransactionRecord]:
        """Those whose turn it is, in their order: as many as the slowest node answers about in a second."""
        most = min(MOST_ASKED, max(self._nodes.requests_per_s // 2 - 1, 1))
        attempts = sorted((self._attempts.of(record.hash) for record in records), key=lambda one: one.asked_s)
        for attempt in attempts[:most]:
            attempt.asked_s = trio.current_time()
        later = {id(attempt) for attempt in attempts[most:]}
        return [record for record in records if id(self._attempts.of(record.hash)) not in later]

    def _take_look(self, found: Look, asked: list[TransactionRecord]) -> None:
        sights: list[Sight] = []
        orphaned = []
        for record in asked:
            receipt = found.receipts.get(record.hash)
            if record.hash in found.receipts:
                self._attempts.of(record.hash).unsure = False
            if receipt is not None:
                if self._path.get(receipt.block_number, receipt.block_hash) != receipt.block_hash:
                    continue  # of another branch than ours: whichever goes on, the next look knows
                outcome = "succeeded" if receipt.succeeded else "was undone"
                sights.append(
                    Sight(record.hash, Observation.RECEIPT, f"{outcome} in block {receipt.block_number}", receipt)
                )
                if self._settled is not None and receipt.block_number <= self._settled:
                    sights.append(Sight(record.hash, Observation.FINAL, f"block {receipt.block_number} is final"))
            elif not record.waits:
                if record.hash in found.receipts:
                    sights.append(Sight(record.hash, Observation.ORPHANED, "its block is not in the chain any more"))
                    orphaned.append(record)
            elif record.hash in found.known:
                sights.append(self._found(record, known=found.known[record.hash]))
        self._log.see(sights)
        self._log.tell_recovered()
        self._send_again(orphaned)

    def _found(self, record: TransactionRecord, *, known: bool) -> Sight:
        attempt = self._attempts.of(record.hash)
        attempt.absent = not known
        if known:
            attempt.recovered = False
            return Sight(record.hash, Observation.SEEN, "a node has it")
        if attempt.recovered:
            return Sight(record.hash, Observation.RECOVERED, "found in the journal at a start, and no node has it")
        return Sight(record.hash, Observation.NOT_SEEN, "no node has it any more")

    def _count(self, found: Look) -> None:
        """Whose the numbers are that the chain has used up."""
        if found.mined is None:
            return
        book = self._log.book
        strangers = book.strangers(found.mined)
        book.count(found.mined)
        if strangers:
            self._foreign(strangers)
        stolen = [
            nonce
            for nonce in book.overtaken(found.mined)
            if all(_is_denied(found, record) for record in book.at(nonce) if record.waits)
        ]
        head = self._tip.number or 0
        self._stolen = {nonce: self._stolen.get(nonce, head) for nonce in stolen}
        self._told_stolen &= set(stolen)
        for nonce, since in self._stolen.items():
            if head < since + SURE_BLOCKS:
                continue
            if nonce not in self._told_stolen:
                self._told_stolen.add(nonce)
                self._foreign([nonce])
            if self._settled is not None and self._settled >= since:
                text = f"number {nonce} was used by a transaction that is not ours, and is final"
                self._log.see([Sight(one.hash, Observation.OVERTAKEN, text) for one in book.at(nonce)])

    def _foreign(self, numbers: list[int]) -> None:
        named = f"{numbers[0]}" if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"
        text = f"somebody else uses the key of 0x{self._wallet.hex()}: number {named} is on the chain and is not ours"
        log.critical(text)
        self._on_foreign_use(text)

    def _take_back(self, event: ChainReorganised) -> None:
        ancestor = event.ancestor_number
        orphaned = [
            record
            for record in self._log.book
            if record.state is TransactionState.MINED
            and record.block_number is not None
            and ancestor < record.block_number <= event.old_head_number
            and self._path.get(record.block_number, record.block_hash) == record.block_hash
        ]
        self._doubt_all()
        self._path = {number: known for number, known in self._path.items() if number <= ancestor}
        self._tip.number = event.new_head_number
        text = f"its block was taken back: the chain went on from block {ancestor}"
        self._log.see([Sight(record.hash, Observation.ORPHANED, text) for record in orphaned])
        self._send_again(orphaned)

    def _send_again(self, orphaned: Iterable[TransactionRecord]) -> None:
        found = (self._log.book.find(record.hash) for record in orphaned)
        self._on_orphaned([record for record in found if record is not None and record.waits])

    def _doubt_all(self) -> None:
        self._branch += 1
        for record in self._log.book:
            self._attempts.of(record.hash).unsure = True

    def _is_doubtful(self, record: TransactionRecord) -> bool:
        """Whether its block may not be in the chain: nodes may have been on a branch that we never saw."""
        on_path = record.block_number is None or record.block_hash == self._path.get(
            record.block_number, record.block_hash
        )
        return self._attempts.of(record.hash).unsure or not on_path

    def _is_final(self, record: TransactionRecord) -> bool:
        return self._settled is not None and record.block_number is not None and record.block_number <= self._settled

    def _know(self, number: int, block_hash: bytes) -> None:
        self._path[number] = block_hash
        while len(self._path) > PATH_KEPT:
            del self._path[next(iter(self._path))]


def _is_denied(found: Look, record: TransactionRecord) -> bool:
    """Whether nodes say that there is no receipt, and none says that it has the transaction itself."""
    return found.receipts.get(record.hash, record) is None and not found.known.get(record.hash, False)
