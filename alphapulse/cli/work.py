"""Runs the work of a command in a Trio loop of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

import trio

from alphapulse.errors import AlphaPulseError
from alphapulse.nursery.failure import sole_failure

P = ParamSpec("P")
T = TypeVar("T")


def run_work(work: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """What `work` gives. An error raised on purpose comes without the groups in which nurseries wrap it."""

    async def main() -> T:
        return await work(*args, **kwargs)

    try:
        return trio.run(main)
    except BaseExceptionGroup as group:
        failure = sole_failure(group)
        if isinstance(failure, AlphaPulseError):
            raise failure from None
        raise
