"""Watches the daemon itself: its loop, its memory and its disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import trio

from alphapulse.data.halts import GLOBAL
from alphapulse.data.risk import RiskAlert, Severity
from alphapulse.journal.blocking import RunBlocking
from alphapulse.rules.breakers import own_health as rules
from alphapulse.rules.breakers.own_health import DiskSpace, LoopLag
from alphapulse.rules.breakers.table import DISK_FULL, DISK_LOW, LOOP_LAG, MEMORY

ROUND_S = 0.5
ROUND_NS = 500_000_000
ROUNDS_PER_DISK = 20
WARN_EVERY_ROUNDS = 1_200


class Machine(Protocol):
    """What the operating system tells of the process and its disk. Calls may block."""

    def disk(self, folder: Path) -> DiskSpace:
        """Room on the folder's file system. Raises OSError."""

    def memory(self) -> int:
        """Resident memory of the process, in bytes. Raises OSError."""


class OwnHealth:
    """Comes round twice a second; `trip` is called with rule, scope and reason, `alert` with what does not stop yet.

    `steady_ns` is a monotonic clock. What the machine does not tell is not held against it, but alerted.
    """

    def __init__(
        self,
        folder: Path,
        machine: Machine,
        *,
        max_memory_bytes: int | None,
        max_lag_ns: int,
        trip: Callable[[str, str, str], None],
        alert: Callable[[RiskAlert], None],
        steady_ns: Callable[[], int],
        now_ns: Callable[[], int],
        run_blocking: RunBlocking,
    ) -> None:
        self._folder = folder
        self._machine = machine
        self._max_memory_bytes = max_memory_bytes
        self._trip = trip
        self._alert = alert
        self._steady_ns = steady_ns
        self._now_ns = now_ns
        self._run_blocking = run_blocking
        self._lag = LoopLag(max_lag_ns)
        self._space: DiskSpace | None = None
        self._memory: int | None = None
        self._unread = ""
        self._warned_in_round = -WARN_EVERY_ROUNDS

    def objections(self) -> tuple[str, ...]:
        """Causes that have not ended, as of the last look: nothing may be resumed while one stands."""
        found = []
        if self._space is not None:
            found += [rules.disk_full(self._space) or rules.disk_low(self._space)]
        if self._memory is not None:
            found.append(rules.memory_cause(self._memory, self._max_memory_bytes))
        return tuple(cause for cause in found if cause is not None)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until cancelled."""
        task_status.started()
        number = 0
        while True:
            if number % ROUNDS_PER_DISK == 0:
                await self._run_blocking(self._look)
                self._judge(number)
            began_ns = self._steady_ns()
            await trio.sleep(ROUND_S)
            now_ns = self._steady_ns()
            if (reason := self._lag.take(now_ns, now_ns - began_ns - ROUND_NS)) is not None:
                self._trip(LOOP_LAG, GLOBAL, reason)
            number += 1

    def _look(self) -> None:
        """In a thread: a disk that hangs answers late."""
        try:
            self._space, self._memory = self._machine.disk(self._folder), self._machine.memory()
        except OSError as error:
            self._space = self._memory = None
            self._unread = str(error)

    def _judge(self, number: int) -> None:
        if self._space is not None:
            if (reason := rules.disk_full(self._space)) is not None:
                self._trip(DISK_FULL, GLOBAL, reason)
            elif (reason := rules.disk_low(self._space)) is not None:
                self._trip(DISK_LOW, GLOBAL, reason)
            elif (reason := rules.disk_warning(self._space)) is not None:
                self._warn(number, "disk", reason)
        else:
            self._warn(number, "machine", f"disk and memory cannot be read: {self._unread}")
        if self._memory is not None and (reason := rules.memory_cause(self._memory, self._max_memory_bytes)):
            self._trip(MEMORY, GLOBAL, reason)

    def _warn(self, number: int, rule: str, text: str) -> None:
        if number - self._warned_in_round >= WARN_EVERY_ROUNDS:
            self._warned_in_round = number
            self._alert(RiskAlert(Severity.WARNING, GLOBAL, rule, None, None, "", text, self._now_ns()))
