"""How far down a chain is trusted: three watermarks, and what contradicts them."""

from __future__ import annotations

import attrs


@attrs.frozen
class FinalityRule:
    """When a block counts as safe, and as settled; all depths are blocks below the newest one.

    A block is safe at `safe_depth`. It is settled if the chain's `tag` (`finalized`, say; None where it has none) says
    so and it is `tagged_depth` deep, or by depth alone at `settled_depth`.
    """

    safe_depth: int = 64
    tag: str | None = "finalized"
    tagged_depth: int = 128
    settled_depth: int = 500


class Watermarks:
    """The watermarks of one chain. They never go back, save where a reorganisation undoes them."""

    def __init__(self, rule: FinalityRule) -> None:
        self.rule = rule
        self.safe: int | None = None
        """Number of the newest safe block; None before there is one."""
        self.settled: int | None = None
        """The same of the newest settled one."""
        self._tagged: int | None = None

    def advance(self, head: int) -> None:
        """The newest block is `head`."""
        rule = self.rule
        self.safe = _raised(self.safe, head - rule.safe_depth)
        if self._tagged is not None:
            self.settled = _raised(self.settled, min(self._tagged, head - rule.tagged_depth))
        self.settled = _raised(self.settled, head - rule.settled_depth)

    def take_tagged(self, number: int) -> bool:
        """The chain calls the block `number` final. False if it has called a later one final before."""
        if self._tagged is not None and number < self._tagged:
            return False
        self._tagged = number
        return True

    def undo(self, ancestor: int) -> bool:
        """Everything behind `ancestor` is undone. True if it was settled: what cannot be has happened."""
        broken = self.settled is not None and ancestor < self.settled
        self.safe = _lowered(self.safe, ancestor)
        self.settled = _lowered(self.settled, ancestor)
        self._tagged = _lowered(self._tagged, ancestor)
        return broken


def _raised(mark: int | None, number: int) -> int | None:
    if number < 0:
        return mark
    return number if mark is None else max(mark, number)


def _lowered(mark: int | None, number: int) -> int | None:
    return None if mark is None else min(mark, number)
