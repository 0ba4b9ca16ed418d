"""Signals of the operating system: the staged stop, and the kill that needs no loop."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain, repeat
from types import FrameType

import trio


async def serve_os_signals(
    on_stop: Callable[[], None],
    on_second: Callable[[], None],
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Call `on_stop` at the first SIGTERM or SIGINT, and `on_second` at every further one, until cancelled.

    `on_stop` starts the staged stop; it must not cancel the root, or what is to clean up is cancelled too.
    `on_second` ends the process at once. An error of either travels on.
    """
    answers = chain((on_stop,), repeat(on_second))
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        task_status.started()
        async for _ in signals:
            next(answers)()


def hold_user_signals() -> None:
    """Let SIGUSR1 and SIGUSR2 wait until somebody answers them, as they would end a process that has no handler yet.

    `install_kill_signal` lets SIGUSR1 come; who answers SIGUSR2 lets that one come.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1, signal.SIGUSR2})


@contextmanager
def install_kill_signal(close_gate: Callable[[], None], then: Callable[[], None]) -> Iterator[None]:
    """Within the context, SIGUSR1 calls `close_gate` in the handler itself, then `then` on the Trio loop.

    So the gate is closed before any task runs on, even if the loop stands still in a long step. `close_gate` runs
    between any two instructions of the main thread: it must only set plain attributes. Signals that come before
    `then` has run are answered by one call of it.

    Raises:
        RuntimeError: not in a Trio task.
        ValueError: not in the main thread.
    """
    token = trio.lowlevel.current_trio_token()

    def handle(number: int, frame: FrameType | None) -> None:
        close_gate()
        # A loop that has ended took with it everything that `then` could stop; the gate is closed.
        with suppress(trio.RunFinishedError):
            token.run_sync_soon(then, idempotent=True)

    previous = signal.signal(signal.SIGUSR1, handle)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
    try:
        yield
    finally:
        signal.signal(signal.SIGUSR1, previous)
