"""Who takes part in a halt: what decides, and what has orders at a venue."""

from __future__ import annotations

from typing import Protocol

import attrs


class Decisions(Protocol):
    """The tasks that decide: strategies and engine. A scope is `global` or `strategy:NAME`."""

    def stop(self, scope: str, reason: str) -> None:
        """Cancel the scope's tasks with the reason. Returns at once."""

    def start(self, scope: str) -> None:
        """Start the scope's tasks again, save those that another scope still halts. Returns at once."""

    async def wait_stopped(self, scope: str) -> None:
        """Return when none of the scope's tasks runs any more."""


@attrs.frozen
class CancelResult:
    """What came of cancelling the orders at one venue."""

    cancelled: int
    """Orders cancelled and verified."""
    in_flight: int
    """Orders that cannot be cancelled any more and will end by themselves."""
    unknown: int
    """Orders whose state could not be found out."""


class Gateway(Protocol):
    """The way to one venue. It is no part of the decisions and runs on through a halt."""

    async def cancel_all(self, scope: str) -> CancelResult:
        """Cancel the scope's orders and verify it at the venue. May be called again at any time."""
