"""Where every task stands, for an operator when something hangs: SIGUSR2 has it written down."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import trio

FILE_MODE = 0o600

logger = logging.getLogger(__name__)


async def serve_stack_dumps(
    keep: Callable[[str], Awaitable[object]], *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    """Hand the stacks of all tasks to `keep` at each SIGUSR2, until cancelled. Signals meanwhile count as one.

    Error handling: what fails is logged; an operator who looks must not bring down what he looks at. A loop that stands
    still answers no signal: there the watchdog tells where it stands.
    """
    with trio.open_signal_receiver(signal.SIGUSR2) as signals:
        held = signal.SIGUSR2 in signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR2})
        try:
            task_status.started()
            async for _ in signals:
                try:
                    await keep(await task_stacks())
                except Exception:
                    logger.exception("the stacks of the tasks were not written down")
        finally:
            # Once nobody answers it, the signal would end the process: it is held again if it was held before.
            if held:
                signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})


async def task_stacks() -> str:
    """Every task of this loop below its parent, with the calls in which it waits.

    All of them take a few tenths of a second, which would be a stall: between any two tasks the loop goes on.
    """
    import stackscope  # noqa: PLC0415 - only who asks for stacks pays for it

    lines: list[str] = []
    root = trio.lowlevel.current_root_task()
    left = [(0, root)] if root is not None else []
    while left:
        await trio.lowlevel.checkpoint()
        depth, task = left.pop()
        # Trio itself says which tasks there are: stackscope finds only those below a call that it can read.
        stack = str(stackscope.extract(task, recurse_child_tasks=False))
        lines += ["  " * depth + line.rstrip() for line in stack.splitlines()]
        children = [child for nursery in task.child_nurseries for child in nursery.child_tasks]
        left += [(depth + 1, child) for child in sorted(children, key=lambda child: child.name, reverse=True)]
    return "\n".join(lines)


def write_stacks(path: Path, text: str) -> None:
    """Put `text` into the file at `path` (mode 0600, overwritten) and on standard error. Blocking.

    Raises:
        OSError: the file cannot be written; standard error has been given the text.
    """
    sys.stderr.write(text if text.endswith("\n") else f"{text}\n")
    sys.stderr.flush()
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, FILE_MODE), "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), FILE_MODE)
        file.write(text)
