"""Processes that replay beside each other. When the pool is left, for whatever reason, none of them is there."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence

import msgspec
import trio

from alphapulse.errors import LaunchError
from alphapulse.studies.sweep_worker import Answer, Order

WORKER = (sys.executable, "-m", "alphapulse.studies.sweep_worker")
GONE_S = 5.0
"""How long a killed process may take until the system has cleared it away."""
CHUNK = 1 << 16


async def replay_all(orders: Sequence[Order], jobs: int, take: Callable[[int, Answer], None]) -> None:
    """Replay each order; `take` is told each answer with its order's index, in the order in which they end.

    Raises:
        LaunchError: a process did not start, or ended before it had answered.
    """
    waiting = iter(enumerate(orders))

    async def work() -> None:
        async with await _Worker.open() as worker:
            for index, order in waiting:
                take(index, await worker.replay(order))

    async with trio.open_nursery() as nursery:
        for _ in range(min(jobs, len(orders))):
            nursery.start_soon(work)


class _Worker:
    """One process. It stands in a session of its own, so that Ctrl-C reaches it through us alone."""

    def __init__(self, process: trio.Process) -> None:
        self._process = process
        self._rest = b""

    @classmethod
    async def open(cls) -> _Worker:
        try:
            process = await trio.lowlevel.open_process(
                WORKER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
            )
        except OSError as error:
            raise LaunchError(f"expected a process for replays to start, found: {error.strerror}") from error
        return cls(process)

    async def __aenter__(self) -> _Worker:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._process.kill()
        with trio.CancelScope(shield=True, deadline=trio.current_time() + GONE_S):
            await self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with trio.CancelScope(shield=True, deadline=trio.current_time() + GONE_S):
                    await pipe.aclose()

    async def replay(self, order: Order) -> Answer:
        """The answer to one order."""
        sink, source = self._process.stdin, self._process.stdout
        if sink is None or source is None:
            raise LaunchError("expected a process with its pipes, found none")
        try:
            await sink.send_all(msgspec.json.encode(order) + b"\n")
        except trio.BrokenResourceError as error:
            raise self._ended() from error
        while b"\n" not in self._rest:
            chunk = await source.receive_some(CHUNK)
            if not chunk:
                raise self._ended()
            self._rest += chunk
        line, _, self._rest = self._rest.partition(b"\n")
        return msgspec.json.decode(line, type=Answer)

    def _ended(self) -> LaunchError:
        return LaunchError("a process for replays ended before it had answered; is there enough memory? try --jobs 1")
