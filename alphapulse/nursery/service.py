"""What a supervisor can run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import trio

from alphapulse.nursery.node import TreeNode


class Service(Protocol):
    """Work that reports ready with `task_status.started()` and runs until cancelled; one that returns has failed."""

    async def run(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Run until cancelled."""


@runtime_checkable
class BeatingService(Service, Protocol):
    """A service that proves its own loop: it calls `beat` once a turn.

    The supervisor replaces `beat` before the service runs, and leaves the heartbeat to it.
    """

    beat: Callable[[], None]


@runtime_checkable
class NudgedService(BeatingService, Protocol):
    """A beating service whose loop may wait for work for long: it is asked for its heartbeat once a second."""

    def nudge(self) -> None:
        """Have the loop come round soon, and beat."""


@runtime_checkable
class Group(Service, Protocol):
    """A service with children of its own to show, such as a supervisor."""

    def snapshot(self, path_prefix: str = "") -> TreeNode:
        """The node of this group and all below it."""
