"""A run of Trio that is the same each time: simulated time, and a scheduler whose choices come from a seed.

Trio shuffles the tasks that are ready, so that nobody relies on their order. The two private names by which that
becomes repeatable are used here alone, and `test_scheduler.py` notices if a new Trio no longer knows them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import trio
import trio.testing
from trio._core import _run as trio_run

T = TypeVar("T")


def run_seeded(seed: int, act: Callable[..., Awaitable[T]], *args: Any) -> T:
    """The result of `act(*args)` in a Trio of its own, on a clock that jumps whenever nobody has anything to do."""
    before = trio_run._ALLOW_DETERMINISTIC_SCHEDULING
    state = trio_run._r.getstate()
    trio_run._ALLOW_DETERMINISTIC_SCHEDULING = True  # type: ignore[misc]
    trio_run._r.seed(seed)
    try:
        return trio.run(act, *args, clock=trio.testing.MockClock(autojump_threshold=0))
    finally:
        trio_run._ALLOW_DETERMINISTIC_SCHEDULING = before  # type: ignore[misc]
        trio_run._r.setstate(state)
