"""The blocks that have been handed over, as far back as books can be rolled back."""

from __future__ import annotations

from collections import deque

from alphapulse.rules.chain.header import Header

HISTORY_BLOCKS = 2_000
"""How deep a reorganisation can be undone."""


class PublishedChain:
    """A run of headers, each the parent of the next, from the oldest that is kept to the newest."""

    def __init__(self, first: Header) -> None:
        self._headers: deque[Header] = deque([first])
        self._by_hash: dict[bytes, Header] = {first.hash: first}
        self.forgot = False
        """True once older blocks have been let go: then a missing ancestor is one too deep to undo."""

    @property
    def tip(self) -> Header:
        """The newest block."""
        return self._headers[-1]

    @property
    def oldest(self) -> Header:
        """The oldest block that is kept."""
        return self._headers[0]

    def __contains__(self, block_hash: bytes) -> bool:
        return block_hash in self._by_hash

    def header(self, block_hash: bytes) -> Header | None:
        """The block of that hash, None if it is not kept."""
        return self._by_hash.get(block_hash)

    def at(self, number: int) -> Header | None:
        """The block of that number, None if it is not kept."""
        place = number - self._headers[0].number
        return self._headers[place] if 0 <= place < len(self._headers) else None

    def append(self, header: Header) -> None:
        """The next block; the caller has checked that the tip is its parent."""
        self._headers.append(header)
        self._by_hash[header.hash] = header
        if len(self._headers) > HISTORY_BLOCKS + 1:
            del self._by_hash[self._headers.popleft().hash]
            self.forgot = True

    def cut_to(self, ancestor: Header) -> list[Header]:
        """Take back everything behind `ancestor`, which is kept. Returns what was taken, the newest first."""
        taken: list[Header] = []
        while self.tip.hash != ancestor.hash:
            header = self._headers.pop()
            del self._by_hash[header.hash]
            taken.append(header)
        return taken
