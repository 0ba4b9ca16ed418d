"""What must hold, judged by the models' own ledgers: the chain's states and what the operator did, never by the daemon.

Every check raises `Broken` with what was expected and what was found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import attrs

from alphapulse.daemon import Daemon
from alphapulse.data.chain_events import ChainReorganised
from alphapulse.data.execution import ExecutionReport, Fill, OrderRequest, Outcome, RiskDecision
from alphapulse.data.halts import GLOBAL, HaltChange
from alphapulse.data.market import StreamState, StreamStatus
from alphapulse.data.orphans import AlertRevoked, BlocksOrphaned, RefusalsRevoked, SettlementRevoked
from alphapulse.data.pools import Pool
from alphapulse.data.runs import RunStarted
from alphapulse.errors import JournalError
from alphapulse.journal.database import sqlite_url
from alphapulse.journal.journal_file import read_records, verify
from alphapulse.journal.ledger import rebuild
from alphapulse.rules.amm.concentrated import ConcentratedState
from alphapulse.rules.books.pool_book import PoolBook
from alphapulse.safety.latch import LatchRecord
from tests.journal.ledger_dump import dump
from tests.simulation.chain import ModelBlock, ModelChain
from tests.simulation.pools import TrueState, swap_in_range

Settlement = Fill | ExecutionReport
JOURNALLED = (
    RiskDecision,
    OrderRequest,
    Fill,
    ExecutionReport,
    BlocksOrphaned,
    SettlementRevoked,
    RefusalsRevoked,
    AlertRevoked,
    HaltChange,
)
"""What the execution relay carries and the journal holds."""


class Broken(AssertionError):
    """An invariant does not hold."""


def expect(holds: bool, problem: str) -> None:
    """Raise Broken if it does not hold."""
    if not holds:
        raise Broken(problem)


@attrs.define
class Truth:
    """The models' side of a simulation over all lives of the daemon."""

    pools: tuple[Pool, ...]
    chain: ModelChain
    max_size: dict[bytes, int]
    """Largest trade by profit token, as configured."""
    max_gross: dict[bytes, int]
    """Most that may be on its way at once, by profit token, as configured."""
    closed: bool = True
    """The operator has been told that trading is stopped, and has not been told that it goes on."""
    findings: list[Broken] = attrs.field(factory=list)
    """What was found while the daemon was calling: raised there it would be a child's failure like any other."""
    open_intents: dict[int, OrderRequest] = attrs.field(factory=dict)
    reopened: dict[int, OrderRequest] = attrs.field(factory=dict)
    """Intents whose end a reorganisation took back. No gate has a say in that, so no limit counts them."""
    seen: dict[int, OrderRequest] = attrs.field(factory=dict)
    """Intents of this life."""
    revoked: int = 0
    acted: set[int] = attrs.field(factory=set)
    """All intents that an executor has ever seen."""
    fills: int = 0
    reverts: int = 0
    submitted: int = 0
    books_compared: int = 0
    reorganisation: ChainReorganised | None = None
    reorganised: object = None
    """The strategy that lived through it."""

    def note(self, check: Callable[[], None]) -> None:
        """Check in the midst of the daemon's own call; what is found is kept for `raise_findings`."""
        try:
            check()
        except Broken as finding:
            self.findings.append(finding)

    def raise_findings(self) -> None:
        """Raise the first finding, if there is one."""
        if self.findings:
            raise self.findings[0]

    def check_submission(self, intents: list[OrderRequest], epoch: int) -> None:
        """Intents reach an executor: the gate must be open, and each must be of this epoch and within its limit."""
        expect(not self.closed, f"intents {[one.intent_id for one in intents]} were submitted behind a closed gate")
        for intent in intents:
            expect(intent.halt_epoch == epoch, f"intent {intent.intent_id} of epoch {intent.halt_epoch}, now {epoch}")
            limit = self.max_size[intent.profit_token]
            expect(intent.size <= limit, f"intent {intent.intent_id} trades {intent.size}, over its limit {limit}")
            expect(intent.intent_id not in self.acted, f"intent {intent.intent_id} was used before")
            self.open_intents[intent.intent_id] = self.seen[intent.intent_id] = intent
            self.acted.add(intent.intent_id)
        for token, limit in self.max_gross.items():
            gross = sum(intent.size for intent in self.open_intents.values() if intent.profit_token == token)
            expect(gross <= limit, f"{gross} of 0x{token.hex()} are on their way, over the limit {limit}")
        self.submitted += len(intents)

    def check_settlement(self, settlement: Settlement) -> None:
        """An intent has ended: once, and a fill must pay what the chain itself would have paid."""
        reopened = self.reopened.pop(settlement.intent_id, None)
        intent = self.open_intents.pop(settlement.intent_id, reopened)
        if isinstance(settlement, ExecutionReport):
            if settlement.outcome is Outcome.REVERTED:
                expect(intent is not None, f"intent {settlement.intent_id} reverted, but was never submitted")
                self.reverts += 1
            return
        if intent is None:
            raise Broken(f"intent {settlement.intent_id} was filled, but was never submitted or had ended")
        self._check_fill(intent, settlement)
        self.fills += 1

    def check_revocation(self, revoked: SettlementRevoked) -> None:
        """An end is taken back: there was one, and it lay behind the ancestor."""
        intent = self.seen.get(revoked.intent_id)
        expect(intent is not None, f"the end of intent {revoked.intent_id} is taken back, which was never submitted")
        expect(revoked.intent_id not in self.open_intents, f"intent {revoked.intent_id} had no end to be taken back")
        expect(
            revoked.block_number > revoked.ancestor_number, f"intent {revoked.intent_id} ended on a block that stays"
        )
        if intent is not None and revoked.reopened:
            self.reopened[revoked.intent_id] = intent
        self.revoked += 1

    def check_standing(self, fills: Iterable[Fill], hash_of: Callable[[int], str | None]) -> None:
        """Fills that stand lie on the blocks that the collector calls the chain, and pay what these say."""
        for fill in fills:
            block = self.chain.variants.get(hash_of(fill.block_number) or "")
            if block is not None:
                self._check_on(self.seen[fill.intent_id], fill, block)

    def check_book(self, name: str, book: PoolBook, block_hash: str, *, may_lack: bool = False) -> None:
        """A replica of the pools equals the chain's state at the end of a block; one that `may_lack` some says none."""
        found = self.chain.variants.get(block_hash)
        if found is None:
            return
        block = found.number
        for pool, true in zip(self.pools, found.states, strict=True):
            state = book.state(pool.id)
            shown = TrueState(*state[:3]) if isinstance(state, ConcentratedState) else None
            if may_lack and state is None:
                continue
            expect(shown == true, f"{name} at block {block}: expected {true} of {pool.name or pool.id}, found {shown}")
        self.books_compared += 1

    def check_strategys_book(self, daemon: Daemon, block_hash: str) -> None:
        """The same of a strategy, which may have begun from a snapshot of blocks that are gone by now.

        A pool that had its state from them is unknown to it until the next event of that pool.
        """
        newest = next(iter(daemon.bus.chains.reorganisations.values()), None)
        if newest is not None and newest is not self.reorganisation:
            self.reorganisation, self.reorganised = newest, daemon.strategy
        may_lack = daemon.strategy is self.reorganised
        self.check_book("the strategy's book", daemon.strategy._scanner.book, block_hash, may_lack=may_lack)

    def begin_life(self) -> None:
        """A life begins: nothing is on its way, and the gate is closed until the daemon says otherwise."""
        self.open_intents.clear()
        self.reopened.clear()
        self.seen.clear()
        self.closed = True

    def _check_fill(self, intent: OrderRequest, fill: Fill) -> None:
        """On some branch: which one the daemon knew of then the model cannot tell."""
        blocks = self.chain.blocks_of(fill.block_number)
        if not blocks:
            raise Broken(f"fill {fill.intent_id} at block {fill.block_number}, whose states the model has forgotten")
        for block in blocks[:-1]:
            try:
                self._check_on(intent, fill, block)
            except Broken:
                continue
            return
        self._check_on(intent, fill, blocks[-1])

    def _check_on(self, intent: OrderRequest, fill: Fill, block: ModelBlock) -> None:
        amount = fill.size
        expect(fill.size == intent.size, f"intent {intent.intent_id}: wanted {intent.size}, filled {fill.size}")
        for leg in fill.legs:
            index = next(i for i, pool in enumerate(self.pools) if pool.id == leg.pool)
            pool = self.pools[index]
            state = block.state_at(index, fill.log_index)
            if state is None:
                raise Broken(
                    f"fill {fill.intent_id} at block {fill.block_number}, whose states the model has forgotten"
                )
            try:
                paid_out = swap_in_range(
                    pool.fixed_fee_ppm,
                    pool.fixed_tick_spacing,
                    state,
                    amount,
                    zero_for_one=leg.token_in == pool.token0.address,
                )
            except ValueError as error:
                raise Broken(f"fill {fill.intent_id} cannot be: {error}") from error
            expect(leg.amount_in == amount, f"fill {fill.intent_id}: expected {amount} in, found {leg.amount_in}")
            expect(
                leg.amount_out == paid_out,
                f"fill {fill.intent_id}: expected {paid_out} out of {pool.fee_ppm} ppm, found {leg.amount_out}",
            )
            amount = paid_out
        net = amount - fill.size - fill.flash_fee - fill.gas_cost
        expect(fill.net == net, f"fill {fill.intent_id}: expected a net of {net}, found {fill.net}")
        expect(amount - fill.size >= intent.minimum_profit, f"fill {fill.intent_id} paid less than its minimum")


def is_fresh(streams: dict[str, StreamStatus]) -> bool:
    """Whether the daemon itself says that what it knows is whole."""
    return any(status.state is StreamState.FRESH for status in streams.values())


def check_journal(path: Path, *, whole: bool) -> list[object]:
    """All records of a journal: chained, each intent with at most one end. Raises Broken.

    If it need not be `whole` a write that a crash has interrupted may have left a torn tail, which the next start cuts.
    """
    try:
        records = [record for _, record in read_records(path)]
    except JournalError as error:
        raise Broken(f"the journal is damaged: {error}") from error
    if whole:
        verdict = verify(path)
        expect(verdict.problem is None, f"the journal is damaged: {verdict.problem}")
    ended: dict[int, int] = {}
    wanted: set[int] = set()
    for record in records:
        if isinstance(record, OrderRequest):
            expect(record.intent_id not in wanted, f"intent {record.intent_id} is in the journal twice")
            wanted.add(record.intent_id)
        elif isinstance(record, Fill | ExecutionReport):
            expect(record.intent_id in wanted, f"intent {record.intent_id} ended before it was journalled")
            ended[record.intent_id] = ended.get(record.intent_id, 0) + 1
        elif isinstance(record, SettlementRevoked):
            expect(ended.get(record.intent_id) == 1, f"an end of intent {record.intent_id} is taken back that was none")
            ended[record.intent_id] -= record.reopened
    twice = [intent for intent, times in ended.items() if times > 1]
    expect(not twice, f"intents {twice} have more than one end")
    return records


def check_durable(records: list[object], acted: set[int]) -> None:
    """What an executor has seen is in the journal, whatever came after: power cuts, kills, broken disks."""
    kept = {record.intent_id for record in records if isinstance(record, OrderRequest)}
    expect(acted <= kept, f"intents {sorted(acted - kept)} were submitted, and the journal does not know them")


def halt_beyond(records: list[object], latch: LatchRecord | None) -> bool:
    """Whether the journal holds a halt of everything that the latch, which could not be written, does not know."""
    changes = [record for record in records if isinstance(record, HaltChange) and record.scope == GLOBAL]
    if not changes or not changes[-1].level.stopped:
        return False
    known = latch.of(GLOBAL) if latch is not None else None
    return known is None or known.epoch < changes[-1].epoch


def open_in(records: list[object]) -> list[int]:
    """Intents without an end."""
    wanted: dict[int, None] = {}
    for record in records:
        if isinstance(record, OrderRequest) or (isinstance(record, SettlementRevoked) and record.reopened):
            wanted[record.intent_id] = None
        elif isinstance(record, Fill | ExecutionReport):
            wanted.pop(record.intent_id, None)
    return list(wanted)


def check_complete(records: list[object], published: list[object]) -> None:
    """Everything that others heard of on the execution relay is in the journal.

    Not in one order: an intent is published once it is synced, and a halt may be written and published meanwhile.
    """
    kept: Counter[object] = Counter(record for record in records if isinstance(record, JOURNALLED))
    missing = Counter(published) - kept
    expect(
        not missing, f"{sum(missing.values())} messages were published and are not in the journal: {list(missing)[:1]}"
    )


def check_ledger(journal: Path, ledger: Path, scratch: Path) -> None:
    """The ledger is what a fresh one made from the journal is."""
    scratch.unlink(missing_ok=True)
    rebuild(journal, sqlite_url(scratch))
    found, expected = dump(ledger), dump(scratch)
    for table, rows in expected.items():
        expect(found[table] == rows, f"the ledger's {table} are not the journal's: {_difference(found[table], rows)}")


def net_of(records: list[object], token: bytes) -> int:
    """The present run's net P&L in a token, by the fills' own amounts."""
    run = max((record.run for record in records if isinstance(record, RunStarted)), default=0)
    net = 0
    for record in records:
        if not isinstance(record, Fill | ExecutionReport | SettlementRevoked):
            continue
        if record.run != run or record.profit_token != token:
            continue
        if isinstance(record, SettlementRevoked):
            net -= record.net
        elif isinstance(record, Fill):
            net += record.legs[-1].amount_out - record.size - record.flash_fee - record.gas_cost
        else:
            net -= record.gas_cost
    return net


def _difference(found: list[tuple[object, ...]], expected: list[tuple[object, ...]]) -> str:
    more = [row for row in found if row not in expected][:2]
    less = [row for row in expected if row not in found][:2]
    return f"{len(found)} rows for {len(expected)}, too many {more}, missing {less}"
