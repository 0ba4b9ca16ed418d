"""Trading: the gate, the engine behind it, and the ways to the venues."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import TYPE_CHECKING

from alphapulse.composition.chain_view import BusChains
from alphapulse.composition.environment import Environment
from alphapulse.composition.halting import Halting
from alphapulse.composition.limits import gate_terms
from alphapulse.composition.restart_policies import NO_RESTART, RESTARTS
from alphapulse.composition.risk import Risk
from alphapulse.composition.start_record import StartRecord
from alphapulse.composition.terms import latency
from alphapulse.config import Config
from alphapulse.data.chain_events import ChainReorganised
from alphapulse.data.execution import Mode
from alphapulse.data.pools import Pool
from alphapulse.execution.chain.operated_wallet import OperatedWallet
from alphapulse.execution.engine import Engine
from alphapulse.execution.executor import TradingExecutor
from alphapulse.execution.gate import Gate
from alphapulse.execution.paper import PaperExecutor
from alphapulse.execution.settlement_feed import SettlementFeed
from alphapulse.journal.journal import Journal
from alphapulse.nursery.child import ChildSpec
from alphapulse.nursery.service import Service
from alphapulse.observe.market_clock import MarketClock
from alphapulse.relays.bus import Bus

if TYPE_CHECKING:  # read only where money is at stake
    from alphapulse.composition.chain_trading import ChainTrading
    from alphapulse.composition.live_start import LiveParts


class Trading:
    """Gate, engine and gateways over one bus. `engine` is that of the present life, fresh after each failure.

    Without `live` it trades on paper. `run` gives the number of the present run.
    """

    def __init__(
        self,
        config: Config,
        pools: Sequence[Pool],
        risk: Risk,
        bus: Bus,
        clock: MarketClock,
        journal: Journal,
        start: StartRecord,
        halting: Halting,
        environment: Environment,
        live: LiveParts | None,
        *,
        run: Callable[[], int],
    ) -> None:
        self.mode = mode = Mode.PAPER if live is None else Mode.LIVE
        # Paper needs none.
        self.wallets: Sequence[OperatedWallet] = ()
        self.latency = latency(config)
        self.gate = Gate(
            halting.switch,
            risk.board,
            BusChains(bus),
            risk.limits,
            start.recovery.record,
            gate_terms(config, pools, mode),
            market_ns=clock.now_ns,
            now_ns=environment.now_ns,
            journal_failure=lambda: str(journal.failure) if journal.failure is not None else None,
        )
        self._chain: ChainTrading | None = None
        self.executor: TradingExecutor
        if live is None:
            self.executor = PaperExecutor(
                pools, self.latency, journal, bus.market_data, bus.execution, run=run, now_ns=environment.now_ns
            )
        else:
            from alphapulse.composition.chain_trading import ChainTrading  # noqa: PLC0415

            self._chain = ChainTrading(config, pools, live, bus, journal, start, halting, environment, run=run)
            self.executor, self.wallets = self._chain.executor, self._chain.wallets
        bus.on_market.append(self._heed_reorganisations)
        self._bus = bus
        self._journal = journal
        self._now_ns = environment.now_ns
        self._intent_ids = count(start.recovery.last_intent_id + 1)
        self.engine = self._make_engine()
        halting.switch.register_gateway(self.executor.name, self.executor)
        halting.preconditions.append(self._all_settled)

    def gateways(self) -> Iterator[ChildSpec]:
        """The ways to the venues, for the foundation: they run on through a halt."""
        yield ChildSpec(
            "settlements", lambda: SettlementFeed(self.gate, self._journal, self._bus.execution), NO_RESTART
        )
        if self._chain is None:
            yield ChildSpec(self.executor.name, lambda: self.executor, NO_RESTART, kind="gateway")
        else:
            yield from self._chain.gateways()

    def tasks(self) -> Iterator[ChildSpec]:
        """What decides, for the decisions."""
        yield ChildSpec("engine", self._fresh_engine, RESTARTS)

    def cancel_orders(self) -> None:
        """The daemon stops: what is on its way is not waited for."""
        self.executor.cancel_pending(None, "the daemon was stopped")

    async def engine_turn(self) -> None:
        """Return once the engine of the present life has come round."""
        await self.engine.turn()

    def _heed_reorganisations(self, events: Sequence[object]) -> None:
        for event in events:
            if type(event) is ChainReorganised:
                self.gate.reorganised(event)

    def _fresh_engine(self) -> Service:
        self.engine = self._make_engine()
        return self.engine

    def _make_engine(self) -> Engine:
        return Engine(
            self.gate,
            self.executor,
            self._journal,
            self._bus.signals,
            self._bus.execution,
            mode=self.mode,
            next_intent_id=lambda: next(self._intent_ids),
            now_ns=self._now_ns,
        )

    def _all_settled(self) -> tuple[str, bool, str]:
        open_intents = len(self.executor.pending)
        text = f"{open_intents} are open"
        if self.mode is Mode.LIVE:
            text += "; what no block takes by its deadline ends by `alphapulse transactions cancel`"
        return "orders", not open_intents, text
