"""How the books do what blocks: through a function that the composition root hands in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

import trio

T = TypeVar("T")


class RunBlocking(Protocol):
    """`trio.to_thread.run_sync`, or a stand-in for it: runs `call` in a thread, within `limiter`."""

    async def __call__(
        self, call: Callable[..., T], /, *args: object, limiter: trio.CapacityLimiter | None = None
    ) -> T:
        """The result of `call(*args)`. A call that has begun is always waited for."""
        ...
