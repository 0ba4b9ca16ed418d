"""The report of a halt while it is being written."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import trio

from alphapulse.data.halts import MOST_UNKNOWN, MOST_VENUES, HaltChange, HaltStep, KillReport, Level, VenueReport
from alphapulse.data.wire import NAME, SENTENCE
from alphapulse.safety.clipped import clipped
from alphapulse.safety.order_clearing import Cleared

GATE_CLOSED = "gate closed"
GATE_NARROWED = "gate narrowed"
LATCH_ON_DISK = "latch on disk"
DECISIONS_GONE = "strategies and engine gone"
ORDERS_CANCELLED = "orders cancelled"
REPORT = "report"
STEPS = (GATE_CLOSED, LATCH_ON_DISK, DECISIONS_GONE, ORDERS_CANCELLED, REPORT)
REDUCING_STEPS = (GATE_NARROWED, LATCH_ON_DISK, REPORT)
"""A scope that is reducing keeps its tasks and its orders."""

NS_PER_US = 1000
MOST_NAMES = 32
VENUE_TEXT_BYTES = 256


def is_complete(report: KillReport) -> bool:
    """True if no step of the halt is still under way; whether each succeeded is said by the steps."""
    return any(step.name == REPORT and step.done for step in report.steps)


class ReportDraft:
    """Takes down the steps of one halt with the time since the call that began it.

    Args:
        change: the halt.
        market_ns: market clock of the halt, None if it is not known.
        began_ns: monotonic clock of the call.
        clock_ns: the same clock.
    """

    def __init__(self, change: HaltChange, market_ns: int | None, began_ns: int, clock_ns: Callable[[], int]) -> None:
        self.change = change
        self.finished = trio.Event()
        """Set when it is complete, or when a newer draft has taken its place."""
        self.problems: list[str] = []
        """What went wrong outside the steps."""
        self._market_ns = market_ns
        self._clock_ns = clock_ns
        self._began_ns = began_ns
        steps = REDUCING_STEPS if change.level is Level.REDUCING else STEPS
        self._steps = {name: HaltStep(name, 0, False, "not finished yet") for name in steps}
        self._venues: list[VenueReport] = []
        self._unknown_orders: list[str] = []
        self._kept_running: tuple[str, ...] = ()

    @property
    def halt_id(self) -> int:
        """Number of the halt."""
        return self.change.halt_id

    @property
    def scope(self) -> str:
        """What it holds."""
        return self.change.scope

    @property
    def unknown(self) -> int:
        """Orders whose outcome is not known, at all venues."""
        return sum(venue.unknown for venue in self._venues)

    def elapsed_ns(self) -> int:
        """Since the call."""
        return self._clock_ns() - self._began_ns

    def note(self, name: str, *, done: bool, text: str) -> None:
        """A step has come to its end, well or not."""
        elapsed_us = self.elapsed_ns() // NS_PER_US
        self._steps[name] = HaltStep(name, elapsed_us, done, clipped(text, SENTENCE.limit))

    def add_venue(self, name: str, cleared: Cleared) -> None:
        """The orders at one venue are settled, or time is up. Venues beyond the 32nd are added up in the last one."""
        venue = VenueReport(
            name=clipped(name, NAME.limit),
            cancelled=cleared.cancelled,
            ended=cleared.ended,
            in_flight=cleared.in_flight,
            unknown=cleared.unknown,
            text=clipped(cleared.text, VENUE_TEXT_BYTES),
        )
        if len(self._venues) == MOST_VENUES:
            venue = _added(self._venues.pop(), venue)
        self._venues.append(venue)
        self._unknown_orders += [clipped(order, NAME.limit) for order in cleared.unknown_orders]
        del self._unknown_orders[MOST_UNKNOWN:]

    def venues_text(self) -> str:
        """Every venue and how its orders stand."""
        return "; ".join(f"{venue.name}: {venue.text}" for venue in self._venues)

    def finish(self, kept_running: Iterable[str]) -> None:
        """The last step: the report is complete."""
        self._kept_running = tuple(clipped(name, NAME.limit) for name in kept_running)[:MOST_NAMES]
        self.note(REPORT, done=True, text="; ".join(("complete", *self.problems)))
        self.finished.set()

    def report(self) -> KillReport:
        """What is known by now."""
        change = self.change
        return KillReport(
            halt_id=change.halt_id,
            scope=change.scope,
            level=change.level,
            actor=change.actor,
            via=change.via,
            reason=change.reason,
            at_ns=change.at_ns,
            market_ns=self._market_ns,
            epoch=change.epoch,
            steps=tuple(self._steps.values()),
            venues=tuple(self._venues),
            unknown_orders=tuple(self._unknown_orders),
            kept_running=self._kept_running,
        )


def _added(one: VenueReport, other: VenueReport) -> VenueReport:
    return VenueReport(
        name="others",
        cancelled=one.cancelled + other.cancelled,
        ended=one.ended + other.ended,
        in_flight=one.in_flight + other.in_flight,
        unknown=one.unknown + other.unknown,
        text=clipped(f"{one.text}; {other.name}: {other.text}", VENUE_TEXT_BYTES),
    )
