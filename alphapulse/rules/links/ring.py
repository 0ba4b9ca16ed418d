"""The ring: what a sender keeps of a lane, so that it can be sent again."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from alphapulse.data.links import Lane
from alphapulse.errors import RelayError
from alphapulse.rules.links.delivery import Delivery
from alphapulse.rules.links.parcel import Parcel

_COMPACT = 1_024


class Ring:
    """The newest parcels of a lane, numbered from 1 for each start of the sender.

    Bounded by messages and bytes; the oldest goes first. What must stay (`keep_from`) is never dropped: `add` refuses
    when the bound would be passed by it.
    """

    def __init__(self, boot_id: int, lane: Lane, delivery: Delivery) -> None:
        self.boot_id = boot_id
        self.lane = lane
        self.delivery = delivery
        self.next = 1
        self.keep_from: int | None = None
        """The first sequence that somebody still needs; None if nobody waits for any."""
        self.messages = 0
        self.bytes = 0
        self._parcels: list[Parcel] = []
        self._start = 0

    @property
    def first(self) -> int:
        """The oldest sequence that is kept; `next` if there is none."""
        return self._parcels[self._start].first if self._start < len(self._parcels) else self.next

    def add(self, messages: Sequence[object], frames: bytes, *, counted: bool = False, taken_ns: int = 0) -> Parcel:
        """Keep messages that were published together, under the next sequences.

        Raises:
            RelayError: the ring is full of what has not been acknowledged; nothing was added.
        """
        parcel = Parcel(self.next, len(messages), messages, frames, counted, taken_ns)
        limits = self.delivery
        while (
            self.messages + parcel.span > limits.ring_messages or self.bytes + len(frames) > limits.ring_bytes
        ) and self._start < len(self._parcels):
            oldest = self._parcels[self._start]
            if self.keep_from is not None and oldest.next > self.keep_from:
                raise RelayError(
                    f"{self.messages} messages from sequence {oldest.first} on are not acknowledged, and the ring "
                    f"keeps {limits.ring_messages} at most; find out why the consumers that must apply them do not"
                )
            self._drop_oldest()
        self._parcels.append(parcel)
        self.messages += parcel.span
        self.bytes += len(frames)
        self.next = parcel.next
        return parcel

    def since(self, sequence: int) -> list[Parcel] | None:
        """The parcels from `sequence` on; None if the first of them is no longer there, or not of this start."""
        if not self.first <= sequence <= self.next:
            return None
        at = bisect_right(self._parcels, sequence, lo=self._start, key=lambda parcel: parcel.next)
        return self._parcels[at:]

    def forget_before(self, sequence: int) -> list[Parcel]:
        """Drop what lies before `sequence`, and give it back."""
        forgotten = []
        while self._start < len(self._parcels) and self._parcels[self._start].next <= sequence:
            forgotten.append(self._parcels[self._start])
            self._drop_oldest()
        return forgotten

    def _drop_oldest(self) -> None:
        parcel = self._parcels[self._start]
        self.messages -= parcel.span
        self.bytes -= len(parcel.frames)
        self._start += 1
        if self._start >= _COMPACT and self._start * 2 >= len(self._parcels):
            del self._parcels[: self._start]
            self._start = 0
