"""Where the parts of a process stand: its bus, its market clock, and its roads to the other processes if it has any."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from alphapulse.composition.departure import Departure
from alphapulse.composition.environment import Environment
from alphapulse.composition.link_audit import LinkNotices
from alphapulse.composition.market_follower import MarketFollower
from alphapulse.composition.restart_policies import NO_RESTART, RESTARTS
from alphapulse.composition.terms import speed_ppm
from alphapulse.composition.topology import Placement, Topology
from alphapulse.config import Config
from alphapulse.config_sections.collectors import RecordedSection
from alphapulse.data.market import StreamStatus
from alphapulse.nursery.child import ChildSpec
from alphapulse.observe.market_clock import MarketClock
from alphapulse.relays.bus import Bus

if TYPE_CHECKING:
    from alphapulse.composition.roads import OnControl, Roads

NS_PER_S = 1_000_000_000


class Site:
    """What every process has before its parts are made, which take their relays from `bus`.

    `roads` is None where everything runs in one process. In a topology, `request_stop` is called when a recording that
    is to end its processes is over, and `on_control` with halts at once.
    """

    def __init__(
        self,
        config: Config,
        placement: Placement,
        topology: Topology | None,
        environment: Environment,
        *,
        request_stop: Callable[[str], None],
        bus: Bus | None = None,
        on_control: OnControl | None = None,
    ) -> None:
        self.bus = bus or Bus()
        self.clock = MarketClock(environment.monotonic_ns)
        # Where a collector runs, it leads the clock, and ends the process itself.
        leads = bool(placement.collectors)
        self.market = MarketFollower(None if leads else self.clock, speed_ppm(config), on_end=self._recording_over)
        self.roads: Roads | None = None
        self._departure: Departure | None = None
        self._notices = LinkNotices(self.bus)
        (section,) = config.collectors.values()
        self._ends = isinstance(section, RecordedSection) and section.at_end == "stop" and not leads
        if topology is not None:
            # Links, TLS and NATS are read only where there is another process.
            from alphapulse.composition.roads import Roads  # noqa: PLC0415

            self.roads = Roads(
                placement,
                topology,
                self.bus,
                self.clock,
                environment,
                follower=self.market,
                max_signal_age_ns=config.limits.max_input_age_s * NS_PER_S,
                on_control=on_control,
                on_notice=self._notices.offer,
            )
            by_desertion = self._ends and not self.roads.hears_market_data
            self._departure = Departure(self.roads, request_stop, by_desertion=by_desertion)

    def tasks(self) -> Iterator[ChildSpec]:
        """Relays and links, and what belongs to them; first in the foundation, as everything else stands on them."""
        if (roads := self.roads) is not None and (departure := self._departure) is not None:
            yield ChildSpec("departure", lambda: departure, NO_RESTART)
            yield ChildSpec("link notices", lambda: self._notices, RESTARTS)
            yield from roads.tasks()

    async def wait_listening(self) -> None:
        """Return when the relays that run here can be connected to; at once if there are none."""
        if self.roads is not None:
            await self.roads.wait_listening()

    async def wait_audience(self) -> None:
        """Return when all processes that are to hear this one are there; at once if there are no others."""
        if self.roads is not None:
            await self.roads.wait_audience()

    def _recording_over(self, _: StreamStatus) -> None:
        if self._ends and self._departure is not None:
            self._departure.recording_over()
