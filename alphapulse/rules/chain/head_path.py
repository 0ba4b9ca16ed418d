"""The way from the newest head back to the blocks that have been handed over, by parent hashes."""

from __future__ import annotations

from collections import deque

from alphapulse.rules.chain.asks import AskHeader, AskHeaders, HeaderAsk
from alphapulse.rules.chain.header import Header

MOST_HEADERS = 64
"""Headers that are asked for at once."""

KNOWN_HEADERS = 16_384
"""Headers that are remembered beside the path; the oldest are forgotten first, and asked for again if needed."""


class HeadPath:
    """The headers between the handed-over blocks and the head, lowest first, and other headers that were seen.

    `linked` is true once the lowest one's parent has been handed over: then the path is whole.
    """

    def __init__(self, head: Header) -> None:
        self.head = head
        self.linked = True
        self._known: dict[bytes, Header] = {}
        self._path: deque[Header] = deque()
        self._members: set[bytes] = set()
        self._stride = 1

    def __contains__(self, block_hash: bytes) -> bool:
        return block_hash in self._members

    def __len__(self) -> int:
        return len(self._path)

    @property
    def lowest(self) -> Header | None:
        """The first block that has not been handed over, None if there is none."""
        return self._path[0] if self._path else None

    @property
    def headers(self) -> tuple[Header, ...]:
        """The whole path as far as it is known."""
        return tuple(self._path)

    def known(self, block_hash: bytes) -> Header | None:
        """A header that was seen, on the path or not; None if it was not."""
        return self._known.get(block_hash)

    def remember(self, header: Header) -> bool:
        """Keep a header. False if another one was kept under its hash, which it replaces."""
        before = self._known.get(header.hash)
        self._known[header.hash] = header
        while len(self._known) > KNOWN_HEADERS:
            oldest = next((one for one in self._known if one not in self._members), None)
            if oldest is None:
                break
            del self._known[oldest]
        return before is None or before == header

    def extend(self, header: Header) -> None:
        """The head has a child: that is the head now."""
        self.head = header
        self._path.append(header)
        self._members.add(header.hash)

    def aim(self, header: Header, gap: int) -> None:
        """Another head, `gap` blocks above what was handed over: the path is walked anew."""
        self.head = header
        self._path = deque([header])
        self._members = {header.hash}
        self.linked = False
        self._stride = max(1, min(MOST_HEADERS, gap - 1))

    def step_down(self) -> bool:
        """Add the lowest header's parent if it was seen. False if it was not, or does not stand one number lower."""
        low = self._path[0]
        parent = self._known.get(low.parent_hash)
        if parent is None or parent.number + 1 != low.number:
            return False
        self._path.appendleft(parent)
        self._members.add(parent.hash)
        return True

    def next_ask(self) -> HeaderAsk:
        """What to ask for to get on: the parent by its hash, or by number if more are missing."""
        low = self._path[0]
        if self._stride == 1:
            return AskHeader(low.parent_hash)
        return AskHeaders(max(0, low.number - self._stride), low.number - 1)

    def answered(self) -> None:
        """An ask was answered: more at once next time if the parent was among it, by its hash if not."""
        found = bool(self._path) and self._path[0].parent_hash in self._known
        self._stride = min(MOST_HEADERS, self._stride * 2) if found else 1

    def pop(self) -> Header:
        """The lowest block is handed over."""
        header = self._path.popleft()
        self._members.discard(header.hash)
        self._known.pop(header.hash, None)
        return header
