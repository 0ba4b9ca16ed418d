"""The strategies that the configuration names, each a task of its own with a fresh strategy for each life."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import count

from alphapulse.composition.environment import Environment
from alphapulse.composition.limits import size_caps
from alphapulse.composition.restart_policies import RESTARTS
from alphapulse.composition.terms import flash_arbitrage_terms, is_live
from alphapulse.config import Config
from alphapulse.config_sections.collectors import EvmSection
from alphapulse.config_sections.strategies import FlashArbitrageSection
from alphapulse.data.pools import Pool
from alphapulse.nursery.child import ChildSpec
from alphapulse.nursery.service import Service
from alphapulse.relays.bus import Bus
from alphapulse.rules.arbitrage.chain_costs import ChainCosts
from alphapulse.strategies.ahead import AheadOfBlocks
from alphapulse.strategies.flash_arbitrage import FlashArbitrage
from alphapulse.strategies.strategy import Strategy, StrategyService
from alphapulse.strategies.while_fresh import WhileFresh

FLASH_ARBITRAGE = "flash_arbitrage"


class Strategies:
    """What finds opportunities. `flash_arbitrage` is the strategy of the present life; `names` are those of all.

    `here` names those that run in this process. `run` gives the number of the present run, `halt_epoch` the epoch in
    force; both stand on each signal. `costs` is what a live chain says of costs.
    """

    def __init__(
        self,
        config: Config,
        pools: Sequence[Pool],
        bus: Bus,
        *,
        here: Collection[str],
        run: Callable[[], int],
        halt_epoch: Callable[[], int],
    ) -> None:
        self.names = (FLASH_ARBITRAGE,)
        self.costs = ChainCosts()
        self._config = config
        self._section = config.strategies.flash_arbitrage or FlashArbitrageSection(enabled=False)
        self._runs = self._section.enabled and FLASH_ARBITRAGE in here
        self._pools = pools
        self._bus = bus
        self._run = run
        self._halt_epoch = halt_epoch
        self._signal_ids = count(1)
        self.flash_arbitrage = self._make_flash_arbitrage()

    @property
    def running(self) -> tuple[str, ...]:
        """Those that are tasks of this process."""
        return self.names if self._runs else ()

    def check(self, section: FlashArbitrageSection) -> None:
        """Raises ConfigError if a strategy could not be made of it."""
        self._made_of(section)

    def take(self, section: FlashArbitrageSection) -> None:
        """Make the next life of it."""
        self._section = section

    def begin_run(self, first_signal: int = 1) -> None:
        """Signals are numbered from 1 in each run; a process that comes to one that is under way begins further on."""
        self._signal_ids = count(first_signal)

    def tasks(self) -> Iterator[ChildSpec]:
        """Those that are enabled here, for the decisions; each bears its strategy's name, by which a halt finds it."""
        if self._runs:
            yield ChildSpec(FLASH_ARBITRAGE, self._flash_arbitrage_service, RESTARTS, kind="strategy")

    def cost_tasks(self, environment: Environment) -> Iterator[ChildSpec]:
        """What asks a live chain for its costs, for a process whose strategies run without its collector."""
        ((name, section),) = self._config.collectors.items()
        if not self._runs or not isinstance(section, EvmSection):
            return
        # Nodes, HTTP and WebSockets are read only where a chain is followed.
        from alphapulse.composition.cost_reading import CostService, cost_reader  # noqa: PLC0415

        reader = cost_reader(section, self._config, self.costs)
        if reader is not None:
            service = CostService(name, section, self._config, environment, reader)
            yield ChildSpec("chain costs", lambda: service, RESTARTS)

    def _flash_arbitrage_service(self) -> Service:
        """A fresh strategy for each life: it starts from the relay's snapshot, not from what an old one believed."""
        self.flash_arbitrage = self._make_flash_arbitrage()
        strategy: Strategy = self.flash_arbitrage
        if is_live(self._config):
            strategy = WhileFresh(
                AheadOfBlocks(strategy) if self._section.evaluate == "log" else strategy, self._bus.streams.values
            )
        return StrategyService(strategy, self._bus.market_data, self._bus.signals)

    def _make_flash_arbitrage(self) -> FlashArbitrage:
        return self._made_of(self._section)

    def _made_of(self, section: FlashArbitrageSection) -> FlashArbitrage:
        return FlashArbitrage(
            FLASH_ARBITRAGE,
            flash_arbitrage_terms(
                section,
                self._config.costs,
                self._pools,
                live=is_live(self._config),
                executes=self._config.daemon.mode == "live",
            ),
            self._pools,
            next_signal_id=lambda: next(self._signal_ids),
            run=self._run,
            halt_epoch=self._halt_epoch,
            caps=size_caps(FLASH_ARBITRAGE, section, self._pools),
            told=self.costs,
        )
