"""The outbox of one consumer: what waits to be sent to it, within bounds."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from alphapulse.rules.links.conflation import kept
from alphapulse.rules.links.delivery import Delivery, Pressure
from alphapulse.rules.links.expiry import is_expired
from alphapulse.rules.links.parcel import Parcel


class Outbox:
    """Parcels that wait, in order, for one consumer. Nothing here waits: `offer` says what to do about the consumer.

    Past the half, market data is conflated; past the whole, the consumer is to be cut off. What it had to be given
    when it came back does not count against it.
    """

    def __init__(self, delivery: Delivery, *, ttl_ns: int | None = None) -> None:
        self.delivery = delivery
        self.waiting = 0
        self.bytes = 0
        self.dropped_superseded = 0
        self.dropped_expired = 0
        self._ttl_ns = ttl_ns
        self._parcels: deque[Parcel] = deque()
        self._backlog = 0
        self._is_slow = False
        self._conflate_at = delivery.queue_messages // 2

    def __bool__(self) -> bool:
        return bool(self._parcels)

    @property
    def slow_text(self) -> str:
        """What to say of a consumer that has just become slow: of market data much may have been left out by then."""
        return f"its queue was half full, and {self.waiting} messages wait in it now"

    def load(self, parcels: Sequence[Parcel]) -> None:
        """What a consumer that came back has missed: it may be more than a queue holds."""
        for parcel in parcels:
            self._append(parcel)
        self._backlog = self.waiting
        self._conflate_at = max(self._conflate_at, self.waiting)

    def offer(self, parcel: Parcel) -> Pressure:
        """One more parcel."""
        self._append(parcel)
        limits = self.delivery
        half = self.waiting - self._backlog > limits.queue_messages // 2 or self.bytes > limits.queue_bytes // 2
        if not half:
            return Pressure.NONE
        if limits.conflates and (self.waiting > self._conflate_at or self.bytes > limits.queue_bytes // 2):
            self._conflate()
        if self.waiting - self._backlog > limits.queue_messages or (
            self.bytes > limits.queue_bytes and not self._backlog
        ):
            return Pressure.FULL
        if self._is_slow:
            return Pressure.NONE
        self._is_slow = True
        return Pressure.SLOW

    def take(self, max_bytes: int, market_ns: int) -> list[Parcel]:
        """The next parcels to be sent: one at least if any waits, and no more than `max_bytes` beyond that."""
        taken: list[Parcel] = []
        size = 0
        while self._parcels and (not taken or size + len(self._parcels[0].frames) <= max_bytes):
            parcel = self._parcels.popleft()
            self.waiting -= len(parcel.messages)
            self.bytes -= len(parcel.frames)
            if self._ttl_ns is not None:
                parcel = self.unexpired(parcel, market_ns)
            size += len(parcel.frames)
            taken.append(parcel)
        self._backlog = min(self._backlog, self.waiting)
        if self.waiting <= self.delivery.queue_messages // 4:
            self._is_slow = False
            self._conflate_at = self.delivery.queue_messages // 2
        return taken

    def unexpired(self, parcel: Parcel, market_ns: int) -> Parcel:
        """The parcel without the messages whose time to live is over; they are counted."""
        if self._ttl_ns is None:
            return parcel
        keep = [not is_expired(message, parcel.taken_ns, self._ttl_ns, market_ns) for message in parcel.messages]
        self.dropped_expired += keep.count(False)
        return parcel.picked(keep)

    def clear(self) -> None:
        """Forget what waits: a snapshot takes its place."""
        self._parcels.clear()
        self.waiting = self.bytes = self._backlog = 0
        self._is_slow = False

    def _append(self, parcel: Parcel) -> None:
        self._parcels.append(parcel)
        self.waiting += len(parcel.messages)
        self.bytes += len(parcel.frames)

    def _conflate(self) -> None:
        """Leave out what is superseded. Done again only when the queue has grown by an eighth of what it holds."""
        flags = kept([parcel.messages for parcel in self._parcels])
        self._parcels = deque(parcel.picked(keep) for parcel, keep in zip(self._parcels, flags, strict=True))
        before = self.waiting
        self.waiting = sum(len(parcel.messages) for parcel in self._parcels)
        self.bytes = sum(len(parcel.frames) for parcel in self._parcels)
        self.dropped_superseded += before - self.waiting
        self._conflate_at = self.waiting + self.delivery.queue_messages // 8
