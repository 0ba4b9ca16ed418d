"""The report of a halt while it is being written."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import trio

from alphapulse.data.halts import HaltReport, HaltStep
from alphapulse.data.wire import NAME, SENTENCE
from alphapulse.safety.clipped import clipped

GATE_CLOSED = "gate closed"
LATCH_ON_DISK = "latch on disk"
DECISIONS_GONE = "strategies and engine gone"
ORDERS_CANCELLED = "orders cancelled"
REPORT = "report"
STEPS = (GATE_CLOSED, LATCH_ON_DISK, DECISIONS_GONE, ORDERS_CANCELLED, REPORT)

NS_PER_US = 1000
MOST_NAMES = 32


def is_complete(report: HaltReport) -> bool:
    """True if no step of the halt is still under way; whether each succeeded is said by the steps."""
    return any(step.name == REPORT and step.done for step in report.steps)


class ReportDraft:
    """Takes down the steps of one halt with the time since the call that began it. `clock_ns` is monotonic."""

    def __init__(self, halt_id: int, scope: str, reason: str, began_ns: int, clock_ns: Callable[[], int]) -> None:
        self.halt_id = halt_id
        self.scope = scope
        self.reason = reason
        self.finished = trio.Event()
        """Set when it is complete, or when a newer draft has taken its place."""
        self.cancelled = 0
        self.in_flight = 0
        self.unknown = 0
        self.problems: list[str] = []
        """What went wrong outside the steps."""
        self._clock_ns = clock_ns
        self._began_ns = began_ns
        self._steps = {name: HaltStep(name, 0, False, "not finished yet") for name in STEPS}
        self._kept_running: tuple[str, ...] = ()

    def note(self, name: str, *, done: bool, text: str) -> None:
        """A step has come to its end, well or not."""
        elapsed_us = (self._clock_ns() - self._began_ns) // NS_PER_US
        self._steps[name] = HaltStep(name, elapsed_us, done, clipped(text, SENTENCE.limit))

    def finish(self, kept_running: Iterable[str]) -> None:
        """The last step: the report is complete."""
        self._kept_running = tuple(clipped(name, NAME.limit) for name in kept_running)[:MOST_NAMES]
        self.note(REPORT, done=True, text="; ".join(("complete", *self.problems)))
        self.finished.set()

    def report(self) -> HaltReport:
        """What is known by now."""
        return HaltReport(
            halt_id=self.halt_id,
            scope=self.scope,
            steps=tuple(self._steps.values()),
            cancelled=self.cancelled,
            in_flight=self.in_flight,
            unknown=self.unknown,
            kept_running=self._kept_running,
        )
