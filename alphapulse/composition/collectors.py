"""The collectors that the configuration names, and the capture of what they receive."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from alphapulse.collectors.recorded.collector import RecordedCollector
from alphapulse.collectors.recorded.recording import Recording
from alphapulse.composition.environment import Environment
from alphapulse.composition.restart_policies import NO_RESTART, RESTARTS
from alphapulse.composition.terms import capture_recorder, recording_paths, replay_terms
from alphapulse.config import Config
from alphapulse.config_sections.collectors import EvmSection, RecordedSection
from alphapulse.data.pools import Pool
from alphapulse.errors import RecordingError
from alphapulse.nursery.child import ChildSpec
from alphapulse.observe.market_clock import MarketClock
from alphapulse.relays.any_relay import AnyRelay
from alphapulse.rules.arbitrage.chain_costs import ChainCosts

if TYPE_CHECKING:
    from alphapulse.collectors.evm.collector import EvmCollector

logger = logging.getLogger(__name__)


class Collectors:
    """What brings venue data in. `problem` is what ended a recording early, None if nothing did.

    `begin_run` opens fresh books and is awaited before each pass; `on_over` is called when a recording with
    `at_end = "stop"` is over, `on_broken` with the reason when a chain has undone what it had called final. What the
    chain says of costs goes into `costs`. `live` is the collector of a live chain, None in a replay.
    """

    def __init__(
        self,
        config: Config,
        pools: Sequence[Pool],
        market_data: AnyRelay,
        clock: MarketClock,
        environment: Environment,
        *,
        begin_run: Callable[[str], Awaitable[None]],
        on_over: Callable[[], None],
        on_broken: Callable[[str], None],
        costs: ChainCosts,
    ) -> None:
        ((self._name, section),) = config.collectors.items()
        self._stops = isinstance(section, RecordedSection) and section.at_end == "stop"
        self._on_over = on_over
        self.problem: RecordingError | None = None
        self.capture = capture_recorder(config, environment)
        offer = self.capture.offer if self.capture else None
        self.live: EvmCollector | None = None
        self.collector: EvmCollector | RecordedCollector
        if isinstance(section, EvmSection):
            # Nodes, HTTP and WebSockets are read only where a chain is followed.
            from alphapulse.composition.cost_reading import cost_reader  # noqa: PLC0415
            from alphapulse.composition.live_chain import live_chain  # noqa: PLC0415

            self.collector = self.live = live_chain(
                self._name,
                section,
                config,
                pools,
                market_data,
                clock,
                environment,
                begin_run=begin_run,
                on_broken=on_broken,
                capture=offer,
                costs=cost_reader(section, config, costs),
            )
            return
        self.collector = RecordedCollector(
            Recording(recording_paths(self._name, section, config)),
            pools,
            replay_terms(self._name, section),
            market_data,
            clock,
            begin_run=begin_run,
            on_end=self._recording_ended,
            run_blocking=environment.run_blocking,
            now_ns=environment.now_ns,
            capture=offer,
        )

    def tasks(self) -> Iterator[ChildSpec]:
        """What receives, for the collectors."""
        if (capture := self.capture) is not None:
            yield ChildSpec("capture", lambda: capture, NO_RESTART)
        yield ChildSpec(self._name, lambda: self.collector, RESTARTS, kind="collector")

    def _recording_ended(self, problem: RecordingError | None) -> None:
        self.problem = problem
        if problem is not None:
            logger.error("%s", problem)
        if self._stops:
            self._on_over()
