"""The life of a process: signals of the OS, the tree, what a service manager hears, and the wish to stop."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

import trio

from alphapulse.composition.environment import Environment
from alphapulse.nursery.os_signals import install_kill_signal, serve_os_signals
from alphapulse.nursery.service import Service
from alphapulse.observe.stack_dump import serve_stack_dumps, write_stacks

logger = logging.getLogger(__name__)


class Lifecycle:
    """Runs a tree until somebody wishes it to stop. `stopping` is why, None before."""

    def __init__(self, environment: Environment, stacks: Path, *, status_line: Callable[[], str]) -> None:
        self.stopping: str | None = None
        self._environment = environment
        self._stacks = stacks
        self._status_line = status_line
        self._stop_requested = trio.Event()

    def request_stop(self, reason: str) -> None:
        """Begin the staged stop; the first reason counts."""
        if self.stopping is None:
            self.stopping = reason
            logger.info("stopping: %s", reason)
            self._stop_requested.set()

    async def run(
        self,
        root: Service,
        *,
        close_gate: Callable[[], None],
        kill: Callable[[], None],
        begin: Callable[[], object],
        wait_ready: Callable[[], Awaitable[None]],
        stop: Callable[[str], Awaitable[None]],
        task_status: trio.TaskStatus[None],
    ) -> None:
        """Runs until `request_stop`, SIGTERM or SIGINT; returns when `stop` has.

        `close_gate` is called by the handler of SIGUSR1 itself, `kill` in the Trio thread after it; `begin` just before
        the tree starts; when that has and `wait_ready` has returned, the process is ready.
        """
        with install_kill_signal(close_gate, kill):
            async with trio.open_nursery() as nursery:
                await nursery.start(serve_os_signals, self._stop_by_signal, self._environment.end_at_once)
                await nursery.start(serve_stack_dumps, self._write_stacks)
                begin()
                await nursery.start(root.run)
                await self._wait_unless_stopped(wait_ready)
                task_status.started()
                self._tell_manager("READY=1")
                await self._stop_requested.wait()
                self._tell_manager("STOPPING=1")
                await stop(self.stopping or "the process was stopped")
                nursery.cancel_scope.cancel("the staged stop is over")

    async def _wait_unless_stopped(self, wait_ready: Callable[[], Awaitable[None]]) -> None:
        async with trio.open_nursery() as nursery:

            async def give_up() -> None:
                await self._stop_requested.wait()
                nursery.cancel_scope.cancel("the process is stopped")

            nursery.start_soon(give_up)
            await wait_ready()
            nursery.cancel_scope.cancel("the process is ready")

    def _stop_by_signal(self) -> None:
        self.request_stop("a stop signal was received")

    def _tell_manager(self, note: str) -> None:
        if self._environment.service_manager is not None:
            self._environment.service_manager.tell(note, f"STATUS={self._status_line()}")

    async def _write_stacks(self, text: str) -> None:
        # A limiter of its own: the threads of all others may be what hangs.
        limiter = trio.CapacityLimiter(1)
        await self._environment.run_blocking(write_stacks, self._stacks, text, limiter=limiter)
