"""Probation: after a halt a scope trades with a tenth of its limits, until it has run cleanly for a while."""

from __future__ import annotations

from collections.abc import Callable

import trio

from alphapulse.data.halts import Level
from alphapulse.errors import HaltError

TICK_S = 0.5
NS_PER_S = 1_000_000_000


class Probations:
    """How long each scope on probation has run cleanly. `clock_ns` is monotonic: a clock that is set ends nothing."""

    def __init__(self, length_ns: int, clock_ns: Callable[[], int]) -> None:
        self._length_ns = length_ns
        self._clock_ns = clock_ns
        self._since: dict[str, int] = {}

    @property
    def level_after_halt(self) -> Level:
        """What a scope that is resumed becomes."""
        return Level.PROBATION if self._length_ns else Level.ACTIVE

    @property
    def passed(self) -> str:
        """Why a probation ended, in words."""
        return f"{self._length_ns // NS_PER_S} s of clean running on probation"

    def begin(self, scope: str) -> None:
        """The scope trades again, on probation."""
        self._since[scope] = self._clock_ns()

    def end(self, scope: str) -> None:
        """The scope is not on probation any more."""
        self._since.pop(scope, None)

    def begin_anew(self) -> None:
        """Something was halted or reduced: nowhere has it been a clean run."""
        now_ns = self._clock_ns()
        self._since = dict.fromkeys(self._since, now_ns)

    def left_ns(self, scope: str) -> int | None:
        """Time of clean running that is missing; None if the scope is not on probation."""
        since_ns = self._since.get(scope)
        return None if since_ns is None else max(0, since_ns + self._length_ns - self._clock_ns())

    async def run(self, end: Callable[[str], None]) -> None:
        """Call `end` for each scope that has run cleanly long enough, until cancelled.

        What raises HaltError there is on probation once more.
        """
        while True:
            await trio.sleep(TICK_S)
            for scope in [scope for scope in self._since if self.left_ns(scope) == 0]:
                self.end(scope)
                try:
                    end(scope)
                except HaltError:
                    self.begin(scope)
