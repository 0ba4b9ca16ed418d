"""How far local consumers have applied what a link handed to them."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence

import attrs

from alphapulse.relays.subscription import AnySubscription


@attrs.frozen(eq=False)
class _Mark:
    """What was handed over before the sequence `next`, and how many batches each consumer had by then."""

    next: int
    given: tuple[tuple[AnySubscription, int], ...]
    messages: Sequence[object]

    @property
    def is_applied(self) -> bool:
        return all(consumer.finished >= batches for consumer, batches in self.given)

    @property
    def is_broken(self) -> bool:
        return any(consumer.finished < batches and not consumer.is_open for consumer, batches in self.given)


class AppliedMarks:
    """A consumer has applied a list when it comes back for more. `applied` is the first sequence not yet applied."""

    def __init__(self) -> None:
        self.applied = 0
        self.broken = False
        """True if a consumer left with something that it had not applied."""
        self._marks: deque[_Mark] = deque()
        self._carried: list[object] = []

    def add(self, next_sequence: int, consumers: Collection[AnySubscription], messages: Sequence[object]) -> None:
        """Messages were handed to `consumers`; they end before `next_sequence`."""
        given = tuple((consumer, consumer.offered) for consumer in consumers)
        carried, self._carried = self._carried, []
        self._marks.append(_Mark(next_sequence, given, (*carried, *messages)))

    def advance(self) -> bool:
        """See how far the consumers have come. True if `applied` has moved."""
        moved = False
        while self._marks and self._marks[0].is_applied:
            self.applied = self._marks.popleft().next
            moved = True
        self.broken = self.broken or any(mark.is_broken for mark in list(self._marks)[:1])
        return moved

    def restart(self) -> None:
        """The relay has started anew, and with it its sequences. What is not applied yet will come again."""
        self._carried += self.take_back()
        self.applied = 0

    def take_back(self) -> list[object]:
        """The messages that were not applied; they are no longer waited for."""
        messages = [message for mark in self._marks for message in mark.messages]
        self._marks.clear()
        self.broken = False
        return messages
