"""Runs what blocks in the test's own thread, so that a mock clock knows of nothing that is under way elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import trio

T = TypeVar("T")


async def run_inline(call: Callable[..., T], /, *args: object, limiter: trio.CapacityLimiter | None = None) -> T:
    """A stand-in for `trio.to_thread.run_sync` that can be cancelled before the call, never in it."""
    await trio.lowlevel.checkpoint()
    return call(*args)
