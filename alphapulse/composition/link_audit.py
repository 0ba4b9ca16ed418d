"""What happens to links is told to the books: cuts and refusals stand in the audit, who falls behind raises alerts."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable

import trio

from alphapulse.data.halts import GLOBAL
from alphapulse.data.links import LinkCondition, LinkStatus
from alphapulse.data.risk import RiskAlert, Severity
from alphapulse.data.runs import AuditTrail
from alphapulse.data.wire import NAME, SENTENCE
from alphapulse.journal.journal import Journal
from alphapulse.relays.bus import Bus
from alphapulse.safety.clipped import clipped

NS_PER_S = 1_000_000_000
QUIET_NS = 60 * NS_PER_S
"""How long the same thing about the same link is not written down again: who is refused tries again and again."""
REMEMBERED = 256
WAITING = 256
"""Notices that may wait; of more, the oldest are only in the log."""

RESULTS = {
    LinkCondition.CUT: "it goes on from the ring or a snapshot when it is back",
    LinkCondition.REFUSED: "it was not let in",
}


PASSED_ON = (*RESULTS, LinkCondition.SLOW)


class Quiet:
    """Lets the same thing about the same link pass once in 60 s. Of 256 links it knows when that was."""

    def __init__(self) -> None:
        self._told: OrderedDict[tuple[str, str, LinkCondition], int] = OrderedDict()

    def passes(self, status: LinkStatus, now_ns: int) -> bool:
        """Whether it was not told within the last minute; then it is told now."""
        key = (status.relay, status.peer, status.condition)
        if 0 <= now_ns - self._told.get(key, -QUIET_NS) < QUIET_NS:
            return False
        self._told[key] = now_ns
        self._told.move_to_end(key)
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)
        return True


class LinkNotices:
    """Publishes what links tell of themselves on the execution relay. `offer` may be called while a relay publishes."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._quiet = Quiet()
        self._waiting: deque[LinkStatus] = deque(maxlen=WAITING)
        self._wake = trio.Event()

    def offer(self, status: LinkStatus) -> None:
        """Take a notice; those that somebody must see are passed on. That one is slow is no reason to tell him more."""
        if status.condition is LinkCondition.SLOW and not self._quiet.passes(status, status.at_ns):
            return
        if status.condition in PASSED_ON:
            self._waiting.append(status)
            self._wake.set()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until cancelled."""
        task_status.started()
        while True:
            await self._wake.wait()
            self._wake = trio.Event()
            while self._waiting:
                self._bus.execution.publish([self._waiting.popleft()])


class LinkAudit:
    """Writes them down in the process that keeps the journal, and raises a `RiskAlert` for a link that falls behind."""

    def __init__(self, bus: Bus, journal: Journal, *, now_ns: Callable[[], int]) -> None:
        self._bus = bus
        self._journal = journal
        self._now_ns = now_ns
        self._quiet = Quiet()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until cancelled. Raises JournalError if the audit cannot be kept."""
        with self._bus.execution.subscribe("link audit", types=(LinkStatus,)) as subscription:
            task_status.started()
            while True:
                for status in await subscription.receive():
                    self._write(status)

    def _write(self, status: LinkStatus) -> None:
        now_ns = self._now_ns()
        if status.condition not in PASSED_ON or not self._quiet.passes(status, now_ns):
            return
        if status.condition is LinkCondition.SLOW:
            self._bus.execution.publish([slow_link_alert(status, now_ns)])
        elif self._journal.failure is None:
            action, result = f"link.{status.condition.name.lower()}", RESULTS[status.condition]
            actor = clipped(f"relay {status.relay}", NAME.limit)
            self._journal.append_now([AuditTrail(actor, action, status.peer, status.text, result, now_ns)])


def slow_link_alert(status: LinkStatus, now_ns: int) -> RiskAlert:
    """The alert for a consumer that is about to be cut off."""
    text = f"{status.peer} falls behind on the relay {status.relay}: {status.text}; it is cut off when that is full"
    return RiskAlert(
        severity=Severity.WARNING,
        scope=GLOBAL,
        rule="link_slow",
        value=None,
        limit=None,
        unit="messages",
        text=clipped(text, SENTENCE.limit),
        raised_ns=now_ns,
    )
