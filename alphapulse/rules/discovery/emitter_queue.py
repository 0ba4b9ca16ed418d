"""Emitters that nobody knows yet: which wait to be looked at, and which were looked at already."""

from __future__ import annotations

from collections import OrderedDict
from itertools import islice

MOST_WAITING = 10_000
"""Further ones are left out and counted; they come again with their next event."""

MOST_REMEMBERED = 100_000
"""The oldest are forgotten, and may be looked at again."""


class EmitterQueue:
    """Emitters in the order in which they were seen, each once, with the first topics of their logs."""

    def __init__(self) -> None:
        self.left_out = 0
        self._waiting: dict[bytes, set[str]] = {}
        self._settled: OrderedDict[bytes, int | None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._waiting)

    def offer(self, emitter: bytes, topic: str, block_number: int) -> None:
        """A log of `emitter` was seen in that block."""
        topics = self._waiting.get(emitter)
        if topics is not None:
            topics.add(topic)
            return
        if emitter in self._settled:
            again = self._settled[emitter]
            if again is None or block_number < again:
                return
        if len(self._waiting) >= MOST_WAITING:
            self.left_out += 1
            return
        self._waiting[emitter] = {topic}

    def first(self, count: int) -> list[tuple[bytes, frozenset[str]]]:
        """Those that have waited longest; they go on waiting until they are settled."""
        return [(emitter, frozenset(topics)) for emitter, topics in islice(self._waiting.items(), count)]

    def postpone(self, emitter: bytes) -> None:
        """Let all others that wait come first."""
        if (topics := self._waiting.pop(emitter, None)) is not None:
            self._waiting[emitter] = topics

    def settle(self, emitter: bytes, again: int | None) -> None:
        """It was looked at. Its logs in blocks from `again` on let it wait anew; None: never."""
        self._waiting.pop(emitter, None)
        self._settled[emitter] = again
        self._settled.move_to_end(emitter)
        while len(self._settled) > MOST_REMEMBERED:
            self._settled.popitem(last=False)
