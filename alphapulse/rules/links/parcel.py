"""A parcel: messages that were published together, as they are kept and sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from alphapulse.data.links import Lane
from alphapulse.rules.links.batch import COUNTED, Batch
from alphapulse.rules.wire.header import HEADER_SIZE, SIZE_OFFSET

MOST_MESSAGES = 256
"""Messages of a longer list that travel together: even the largest possible fit a batch, and a slow reader hears of
the sender between them."""


@attrs.frozen(eq=False)
class Parcel:
    """Messages under the link sequences from `first` to before `next`, and their frames one behind the other.

    It may hold fewer messages than it covers sequences: some were not wanted. `taken_ns` is the market clock at which
    it was published here. `counted`: somebody waits until everything that comes of it is done.
    """

    first: int
    span: int
    messages: Sequence[object]
    frames: bytes
    counted: bool = False
    taken_ns: int = 0

    @property
    def next(self) -> int:
        """The first sequence behind it."""
        return self.first + self.span

    def batch(self, lane: Lane, boot_id: int, covers_from: int) -> Batch:
        """The batch that carries it, and says that nothing before it, from `covers_from` on, is for this consumer."""
        flags = COUNTED if self.counted else 0
        span = self.next - covers_from
        return Batch(lane, flags, boot_id, covers_from, span, len(self.messages), self.frames)

    def picked(self, keep: Sequence[bool]) -> Parcel:
        """The parcel without the messages that are not to be kept; it covers the same sequences."""
        if all(keep):
            return self
        messages = [message for message, kept in zip(self.messages, keep, strict=True) if kept]
        frames = b"".join(frame for frame, kept in zip(_frames(self.frames), keep, strict=True) if kept)
        return attrs.evolve(self, messages=messages, frames=frames)


def pieces(messages: Sequence[object]) -> Iterator[Sequence[object]]:
    """A list in parts that fit a parcel each; none if it is empty."""
    if 0 < len(messages) <= MOST_MESSAGES:
        yield messages
        return
    for at in range(0, len(messages), MOST_MESSAGES):
        yield messages[at : at + MOST_MESSAGES]


def _frames(data: bytes) -> Iterator[bytes]:
    position = 0
    while position < len(data):
        size = data[position + SIZE_OFFSET : position + SIZE_OFFSET + 4]
        end = position + HEADER_SIZE + int.from_bytes(size, "little")
        yield data[position:end]
        position = end
