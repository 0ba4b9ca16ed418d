"""What happens to links is told to the books: who was cut off and who was not let in stands in the audit."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable

import trio

from alphapulse.data.links import LinkCondition, LinkStatus
from alphapulse.data.runs import AuditTrail
from alphapulse.journal.journal import Journal
from alphapulse.relays.bus import Bus

NS_PER_S = 1_000_000_000
QUIET_NS = 60 * NS_PER_S
"""How long the same thing about the same link is not written down again: who is refused tries again and again."""
REMEMBERED = 256
WAITING = 256
"""Notices that may wait; of more, the oldest are only in the log."""

RESULTS = {
    LinkCondition.CUT: "it starts from a snapshot when it is back",
    LinkCondition.REFUSED: "it was not let in",
}


class LinkNotices:
    """Publishes what links tell of themselves on the execution relay. `offer` may be called while a relay publishes."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._waiting: deque[LinkStatus] = deque(maxlen=WAITING)
        self._wake = trio.Event()

    def offer(self, status: LinkStatus) -> None:
        """Take a notice; only those that belong in the audit are passed on."""
        if status.condition in RESULTS:
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
    """Writes them down in the process that keeps the journal."""

    def __init__(self, bus: Bus, journal: Journal, *, now_ns: Callable[[], int]) -> None:
        self._bus = bus
        self._journal = journal
        self._now_ns = now_ns
        self._written: OrderedDict[tuple[str, str, LinkCondition], int] = OrderedDict()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until cancelled. Raises JournalError if the audit cannot be kept."""
        with self._bus.execution.subscribe("link audit", types=(LinkStatus,)) as subscription:
            task_status.started()
            while True:
                for status in await subscription.receive():
                    self._write(status)

    def _write(self, status: LinkStatus) -> None:
        key, now_ns = (status.relay, status.peer, status.condition), self._now_ns()
        result = RESULTS.get(status.condition)
        if result is None or now_ns - self._written.get(key, -QUIET_NS) < QUIET_NS or self._journal.failure is not None:
            return
        self._written[key] = now_ns
        self._written.move_to_end(key)
        if len(self._written) > REMEMBERED:
            self._written.popitem(last=False)
        action = f"link.{status.condition.name.lower()}"
        self._journal.append_now(
            [AuditTrail(f"relay {status.relay}"[:64], action, status.peer, status.text, result, now_ns)]
        )
