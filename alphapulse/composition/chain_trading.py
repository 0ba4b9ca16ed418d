"""Trading on a chain: nodes, wallets with their senders, and the executor that sends and books."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from alphapulse.composition.environment import Environment
from alphapulse.composition.halting import Halting
from alphapulse.composition.live_start import LiveParts
from alphapulse.composition.restart_policies import NO_RESTART, RESTARTS
from alphapulse.composition.start_record import StartRecord
from alphapulse.composition.terms import flash_arbitrage_terms, tokens_of, wrapped_native
from alphapulse.config import Config
from alphapulse.data.halts import GLOBAL, Level, Via
from alphapulse.data.pools import Pool
from alphapulse.data.transactions import TransactionState
from alphapulse.execution.chain.block_clock import BlockClock
from alphapulse.execution.chain.chain_executor import ChainExecutor
from alphapulse.execution.chain.forensics import Forensics
from alphapulse.execution.chain.live_wallet import LiveWallet
from alphapulse.execution.chain.sender import Sender
from alphapulse.execution.chain.simulation import Simulator
from alphapulse.execution.chain.trade_booking import TradeBooking
from alphapulse.execution.chain.trade_making import TradeMaker
from alphapulse.execution.chain.trade_records import TradeRecords
from alphapulse.execution.chain.unfinished import Unfinished
from alphapulse.execution.chain.wallet_audit import WalletAuditor
from alphapulse.journal.journal import Journal
from alphapulse.nursery.child import ChildSpec
from alphapulse.relays.bus import Bus
from alphapulse.rules.books.pool_history import PoolHistory
from alphapulse.rules.discovery.pool_directory import PoolDirectory
from alphapulse.rules.execution.gas_value import GasValue
from alphapulse.rules.transactions.transaction_record import TransactionRecord
from alphapulse.safety import reconciliation

FOREIGN_USE = "sender"
"""The actor of a halt because somebody else uses a wallet's key."""


class ChainTrading:
    """The executor of live mode with its wallets. What the journal left open goes on as it stands on the chain."""

    def __init__(
        self,
        config: Config,
        pools: Sequence[Pool],
        parts: LiveParts,
        bus: Bus,
        journal: Journal,
        start: StartRecord,
        halting: Halting,
        environment: Environment,
        *,
        run: Callable[[], int],
    ) -> None:
        self._nodes = parts.nodes
        self._halting = halting
        now_ns = environment.now_ns
        by_id = PoolDirectory.of(pools).by_id
        history, clock = PoolHistory(pools), BlockClock(parts.terms.section.chain_id)
        records = TradeRecords(start.recovery.trades, journal, bus.execution, now_ns=now_ns)
        gas = GasValue(wrapped_native(config.costs, pools), pools)
        booking = TradeBooking(by_id, history, gas, clock, records.trades, now_ns=now_ns)
        self.executor = ChainExecutor(
            TradeMaker(parts.terms.trades, by_id, Simulator(parts.nodes), booking.gas_cost),
            booking,
            history,
            clock,
            records,
            Unfinished(parts.nodes, booking, records, start.recovery.sent),
            bus.market_data,
            at_halt=config.execution.at_halt,
            gate_open=self._gate_open,
            run_number=run,
            now_ns=now_ns,
            on_failed=lambda intent, record, receipt: self._forensics.examine(intent, record, receipt),  # noqa: PLW0108
            on_block=self._look_at,
        )
        self._senders: dict[str, Sender] = {}
        wallets = []
        for terms in parts.terms.wallets:
            signer = parts.signers[terms.name]
            book = start.recovery.transactions.of(parts.terms.section.chain_id, signer.address)
            sender = self._senders[terms.name] = Sender(
                parts.terms.sender,
                signer,
                parts.nodes,
                parts.route,
                book,
                journal,
                bus.market_data,
                bus.execution,
                epoch=lambda: halting.switch.epoch,
                gate_open=self._gate_open,
                on_status=self.executor.take_statuses,
                on_foreign_use=self._foreign_use,
                run=run,
                now_ns=now_ns,
            )
            wallets.append(LiveWallet(terms.name, terms.executor, signer.kind.value, sender, book))
        self.wallets = self.executor.wallets = tuple(wallets)
        questions = start.recovery.questions
        self._forensics = Forensics(parts.nodes, journal, bus.execution, questions=questions, now_ns=now_ns)
        self._wallet_books = start.recovery.wallets
        self._listen_to(journal)
        self._auditor = WalletAuditor(
            parts.nodes,
            self._wallet_books,
            self.wallets,
            _earned(config, pools),
            journal,
            bus.execution,
            run_number=run,
            now_ns=now_ns,
            on_difference=self._reduce,
        )

    def gateways(self) -> Iterator[ChildSpec]:
        """For the foundation: they run on through a halt. Senders tell the executor, which is there before them."""
        yield ChildSpec("chain nodes", lambda: self._nodes, RESTARTS)
        yield ChildSpec(self.executor.name, lambda: self.executor, NO_RESTART, kind="gateway")
        for name, sender in self._senders.items():
            yield ChildSpec(f"sender {name}", partial(_itself, sender), NO_RESTART, kind="sender")
        yield ChildSpec("wallet audit", lambda: self._auditor, RESTARTS)
        yield ChildSpec("forensics", lambda: self._forensics, RESTARTS)

    def _gate_open(self, epoch: int) -> bool:
        """Whether trading is allowed under an epoch: it is the present one, and nothing is halted by it."""
        switch = self._halting.switch
        return epoch == switch.epoch and switch.level("").trades

    def _foreign_use(self, reason: str) -> None:
        self._halting.kill(GLOBAL, reason=reason, actor=FOREIGN_USE, via=Via.RECONCILIATION)

    def _look_at(self, wallet: LiveWallet, record: TransactionRecord) -> None:
        """A transaction of a wallet stands in a block, which may be final."""
        if record.block_number is None or record.block_hash is None:
            return
        look = self._auditor.settled if record.state is TransactionState.SETTLED else self._auditor.mined
        look(wallet, record.block_number, record.block_hash)

    def _reduce(self, reason: str) -> None:
        """A wallet has not what the books say: nothing new is risked until a person has found out why."""
        self._halting.kill(
            GLOBAL, reason=reason, actor=reconciliation.ACTOR, via=Via.RECONCILIATION, level=Level.REDUCING
        )

    def _listen_to(self, journal: Journal) -> None:
        before = journal.on_append

        def on_append(records: Sequence[tuple[int, object]]) -> None:
            if before is not None:
                before(records)
            for _, record in records:
                self._wallet_books.take(record)

        journal.on_append = on_append


def _earned(config: Config, pools: Sequence[Pool]) -> list[bytes]:
    """The tokens in which wallets earn: those in which profit is wanted; each pool's, if none is named."""
    section = config.strategies.flash_arbitrage
    terms = None if section is None else flash_arbitrage_terms(section, config.costs, pools, live=True)
    return list(terms.base_tokens if terms is not None and terms.base_tokens else tokens_of(pools))


def _itself(sender: Sender) -> Sender:
    return sender
