"""Notes to a service manager such as systemd: ready, status, still alive, stopping. The protocol is `sd_notify(3)`."""

from __future__ import annotations

import logging
import socket
from collections.abc import Awaitable, Callable, Mapping
from typing import Self

import trio

from alphapulse.errors import ConfigError

LONGEST_PERIOD_S = 1.0
"""How long a change of the status may stay untold."""
US_PER_S = 1_000_000
MOST_CHARACTERS = 250

logger = logging.getLogger(__name__)


class ServiceManager:
    """The manager's datagram socket. A note never waits: one that the manager has no room for is left out.

    Error handling: what the socket refuses is logged, the first time; a manager that is gone stops nothing.
    """

    def __init__(self, address: str, *, watchdog_us: int | None = None) -> None:
        self.watchdog_us = watchdog_us
        """Within so many microseconds the manager wants a sign of life; None if it wants none."""
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._warned = False

    @classmethod
    def from_environment(cls, variables: Mapping[str, str], pid: int) -> Self | None:
        """The manager that `NOTIFY_SOCKET` names, None without it. `WATCHDOG_PID`, if there, must be our `pid`.

        Raises:
            ConfigError: a variable is not what `sd_notify(3)` or `sd_watchdog_enabled(3)` describes.
        """
        address = variables.get("NOTIFY_SOCKET")
        if not address:
            return None
        if address[0] not in "/@" or len(address) < 2:
            raise ConfigError("NOTIFY_SOCKET", f"expected a path or @NAME, was {address!r}; unset it to do without")
        period = variables.get("WATCHDOG_USEC")
        if period is None or variables.get("WATCHDOG_PID", str(pid)) != str(pid):
            return cls(address)
        if not (period.isascii() and period.isdigit() and int(period) > 0):
            raise ConfigError("WATCHDOG_USEC", f"expected a number of microseconds above 0, was {period!r}; unset it")
        return cls(address, watchdog_us=int(period))

    def tell(self, *lines: str) -> None:
        """Send lines such as `READY=1`, together; each is cut to 250 characters, and stays one line."""
        note = "\n".join(" ".join(line.split())[:MOST_CHARACTERS] for line in lines)
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK) as way:
                way.sendto(note.encode("utf-8", "replace"), self._address)
        except OSError as error:
            if not self._warned:
                self._warned = True
                logger.warning("the service manager was not told %r: %s", note, error)


class SignsOfLife:
    """A service that tells the manager the status when it changes, and that the daemon lives.

    Each sign of life waits for `turn` first, so that a daemon of which a vital task hangs gives none.

    Args:
        manager: who is told.
        turn: returns once the vital task has come round; at once while none is meant to run.
        status: the state in words.
    """

    def __init__(
        self, manager: ServiceManager, *, turn: Callable[[], Awaitable[None]], status: Callable[[], str]
    ) -> None:
        self._manager = manager
        self._turn = turn
        self._status = status

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until cancelled: at least twice within the manager's patience, and once a second."""
        patience_us = self._manager.watchdog_us
        period_s = LONGEST_PERIOD_S if patience_us is None else min(LONGEST_PERIOD_S, patience_us / US_PER_S / 2)
        alive = () if patience_us is None else ("WATCHDOG=1",)
        told = None
        task_status.started()
        while True:
            await self._turn()
            status = self._status()
            news = () if status == told else (f"STATUS={status}",)
            if news or alive:
                self._manager.tell(*alive, *news)
            told = status
            await trio.sleep(period_s)
