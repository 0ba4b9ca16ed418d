"""Reconciliation: journal, portfolio, ledger and gateways are compared; a difference that stays halts trading."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import trio

from alphapulse.rules.accounting.agreement import BookView, differences

EVERY_S = 30.0
AGAIN_S = 1.0
ROUNDS = 3
"""A difference that three rounds in a row find is none of messages that are on their way."""
SHOWN = 5
ACTOR = "reconciliation"

Part = Callable[[], BookView | None]
"""What a part believes now; None while it is behind, so that nothing can be said."""
SlowPart = Callable[[], Awaitable[BookView | None]]
"""The same for a part that must look it up. The answer is of the moment at which it was asked, or None."""


class Reconciliation:
    """Compares at the start, every 30 s, and before a halt ends. A service.

    Args:
        parts: in the order in which they are believed; the first is what the others are held to.
        slow_parts: parts that are asked last, and only when nothing happens meanwhile.
        trip: halts the global scope, with the reason; called once for each mismatch.
        on_round: told of each round what it found that the rounds just before it had found too.
    """

    def __init__(
        self,
        parts: Mapping[str, Part],
        slow_parts: Mapping[str, SlowPart],
        trip: Callable[[str], object],
        on_round: Callable[[tuple[str, ...]], object],
    ) -> None:
        self.mismatch: tuple[str, ...] | None = None
        """What the last comparison found; None before the first."""
        self._parts = parts
        self._slow_parts = slow_parts
        self._trip = trip
        self._on_round = on_round

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until cancelled."""
        task_status.started()
        while True:
            before = bool(self.mismatch)
            self.mismatch = await self._settled()
            if self.mismatch and not before:
                more = f" and {len(self.mismatch) - SHOWN} more" if len(self.mismatch) > SHOWN else ""
                self._trip(f"the books do not agree: {'; '.join(self.mismatch[:SHOWN])}{more}")
            await trio.sleep(EVERY_S)

    def precondition(self) -> tuple[str, bool, str]:
        """Of a resume: all agree now, as far as that can be said at once, and did so when all were asked."""
        found = differences(self._views()) or self.mismatch
        if found is None:
            return "reconciliation", False, "not compared yet: ask again in a moment"
        return "reconciliation", not found, "; ".join(found[:SHOWN]) or "they agree"

    async def _settled(self) -> tuple[str, ...]:
        """The differences that every one of three rounds has found."""
        found = await self._compare()
        self._on_round(found)
        for _ in range(ROUNDS - 1):
            if not found:
                break
            await trio.sleep(AGAIN_S)
            again = await self._compare()
            found = tuple(one for one in found if one in again)
            self._on_round(found)
        return found

    async def _compare(self) -> tuple[str, ...]:
        views = self._views()
        for name, part in self._slow_parts.items():
            if (view := await part()) is not None:
                views[name] = view
        return differences(views)

    def _views(self) -> dict[str, BookView]:
        views: dict[str, BookView] = {}
        for name, part in self._parts.items():
            if (view := part()) is not None:
                views[name] = view
        return views
