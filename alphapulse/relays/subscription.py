"""A consumer's end of a relay: a bounded queue of messages, handed over in lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

import attrs
import trio

from alphapulse.errors import RelayError
from alphapulse.relays.flow import Flow
from alphapulse.rules.links.topics import Topics

M = TypeVar("M")
CAPACITY = 65_536
"""Messages that may wait for one consumer: the largest block is far smaller, a stuck consumer fills it in seconds."""


@attrs.frozen
class SubscriptionStatistics:
    """What a consumer has been given. `waiting` and `peak` are messages in its queue, now and at most.

    `topics` is what it wants of the relay that was asked, None if it was not asked as a consumer of one.
    """

    name: str
    delivered: int
    waiting: int
    peak: int
    cut_off: bool
    topics: Topics | None = None


class Subscription(Generic[M]):
    """A queue with one reader, fed by one relay or several in the order of their publishing.

    When it is full the consumer is cut off: it loses the queue and is told at `receive`.

    Use it as a context manager: leaving gives back what was not read, so that nobody waits for it.

    Error handling: `receive` raises RelayError once the consumer has been cut off; it must then start afresh.
    """

    def __init__(self, name: str, flow: Flow, *, capacity: int = CAPACITY) -> None:
        self.name = name
        self._flow = flow
        self._leave: list[Callable[[], None]] = []
        self._capacity = capacity
        self._queue: list[M] = []
        self._uncounted = 0
        self._batches = 0
        self._taken = 0
        self._finished = 0
        self._delivered = 0
        self._peak = 0
        self._cut_off = False
        self._closed = False
        self._nudged = False
        self._reader: trio.lowlevel.Task | None = None

    def offer(self, messages: Sequence[M], *, snapshot: bool = False) -> None:
        """Queue messages in order. Never waits; a consumer that would overflow is cut off.

        A `snapshot` is as long as there is state, and does not count: a thousand pools have more ticks than a queue has
        room.
        """
        if self._closed or self._cut_off:
            return
        if snapshot:
            self._uncounted += len(messages)
        waiting = len(self._queue) + len(messages)
        if waiting - self._uncounted > self._capacity:
            self._cut_off = True
            self._drop()
            self._wake()
            return
        self._queue.extend(messages)
        self._batches += 1
        self._flow.begin()
        self._peak = max(self._peak, waiting)
        self._wake()

    @property
    def finished(self) -> int:
        """Batches that the reader has dealt with: it came back for more after them."""
        return self._finished

    @property
    def offered(self) -> int:
        """Batches that it was given: those that are finished, and those that the reader has or that wait."""
        return self._finished + self._taken + self._batches

    @property
    def is_open(self) -> bool:
        """False once the consumer has left or was cut off."""
        return not (self._closed or self._cut_off)

    def nudge(self) -> None:
        """Have the reader come round: its `receive` returns, with an empty list if nothing waits."""
        self._nudged = True
        self._wake()

    async def receive(self) -> list[M]:
        """All that waits, as one list in order; waits for more if there is nothing. Finishes the list before."""
        self._finished += self._taken
        self._finish()
        if self._queue or self._cut_off or self._nudged:
            await trio.lowlevel.checkpoint()
        while not self._queue:
            if self._closed:
                raise RelayError(f"consumer {self.name!r} has left the relay; subscribe anew")
            if self._cut_off:
                raise RelayError(
                    f"consumer {self.name!r} fell more than {self._capacity} messages behind and was cut off; "
                    "it has to start from a fresh snapshot"
                )
            if self._nudged:
                break
            await self._sleep()
        self._nudged = False
        messages, self._queue, self._uncounted = self._queue, [], 0
        self._taken, self._batches = self._batches, 0
        self._delivered += len(messages)
        return messages

    def statistics(self) -> SubscriptionStatistics:
        """Counts since the subscription began."""
        return SubscriptionStatistics(self.name, self._delivered, len(self._queue), self._peak, self._cut_off)

    def on_close(self, leave: Callable[[], None]) -> None:
        """Have `leave` called when the consumer leaves; the relays that feed it do."""
        self._leave.append(leave)

    def close(self) -> None:
        """Leave the relays and give back what was not dealt with."""
        if not self._closed:
            self._closed = True
            self._finish()
            self._drop()
            for leave in self._leave:
                leave()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    async def _sleep(self) -> None:
        """Wait for `_wake`. One reader needs no parking lot: this is a third of its price on each hop."""
        if self._reader is not None:
            raise trio.BusyResourceError(f"consumer {self.name!r} is read by another task already")

        def abort(_: trio.lowlevel.RaiseCancelT) -> trio.lowlevel.Abort:
            self._reader = None
            return trio.lowlevel.Abort.SUCCEEDED

        self._reader = trio.lowlevel.current_task()
        await trio.lowlevel.wait_task_rescheduled(abort)

    def _wake(self) -> None:
        if self._reader is not None:
            reader, self._reader = self._reader, None
            trio.lowlevel.reschedule(reader)

    def _finish(self) -> None:
        if self._taken:
            taken, self._taken = self._taken, 0
            self._flow.finish(taken)

    def _drop(self) -> None:
        self._queue.clear()
        if self._batches:
            dropped, self._batches = self._batches, 0
            self._flow.finish(dropped)


AnySubscription = Subscription[Any]
