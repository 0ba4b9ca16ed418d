"""What is strange about heads: some that nobody confirms, some that never come, and a node that stands lower."""

from __future__ import annotations

from collections.abc import Callable

from alphapulse.rules.chain.header import Header

PATIENCE = 2
"""Ticks for which the logs of a block may come before its head without a question."""

MOST_HEADLESS = 64
"""Blocks of which logs came without a head that are looked after."""

MOST_ANSWERS = 20
"""Answers after which a head that no node confirms is let go."""


class HeadDoubts:
    """Remembers what has to be asked about until an answer explains it, or has failed to often enough."""

    def __init__(self) -> None:
        self._hint: Header | None = None
        self._answers = 0
        self._lower = b""
        self._headless: dict[bytes, int] = {}

    @property
    def unconfirmed(self) -> bool:
        """True while a head was told of that no answer has confirmed or overtaken."""
        return self._hint is not None

    @property
    def told(self) -> int:
        """Number of that head; 0 if there is none."""
        return 0 if self._hint is None else self._hint.number

    def hint(self, header: Header) -> None:
        """A subscription told of a head that is not the next one."""
        self._hint, self._answers = header, 0

    def headless(self, block_hash: bytes) -> None:
        """A log has come of a block whose head has not."""
        if len(self._headless) < MOST_HEADLESS:
            self._headless.setdefault(block_hash, 0)

    def is_told_twice(self, header: Header) -> bool:
        """True if a lower head on another branch was told of before, by an answer or by a subscription.

        A node that lags on a branch of its own says the same as one whose chain was rolled back: once is not enough.
        """
        told = header.hash == self._lower or (self._hint is not None and self._hint.hash == header.hash)
        self._lower = header.hash
        return told

    def answered(self, header: Header, on_path: Callable[[bytes], bool]) -> None:
        """A node says that this is its newest block."""
        self._answers += 1
        hint = self._hint
        if hint is not None and (on_path(hint.hash) or hint.number <= header.number or self._answers > MOST_ANSWERS):
            self._hint = None

    def tick(self, is_known: Callable[[bytes], bool]) -> int:
        """Some time has passed: how many blocks there are whose heads should have come by now."""
        missing = 0
        for block_hash, ticks in list(self._headless.items()):
            if is_known(block_hash):
                del self._headless[block_hash]
            elif ticks < PATIENCE:
                self._headless[block_hash] = ticks + 1
            else:
                del self._headless[block_hash]
                missing += 1
        return missing
