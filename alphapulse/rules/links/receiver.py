"""The receiving end of a lane: what has come, what is missing, and what its consumers have to be told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import attrs

from alphapulse.data.links import LinkCondition, RecoveryKind
from alphapulse.rules.links.batch import SNAPSHOT, Batch

NS_PER_MS = 1_000_000
HEARTBEAT_NS = 500 * NS_PER_MS
STALE_NS = 3 * HEARTBEAT_NS
RETRY_NS = 100 * NS_PER_MS
"""After how long something that did not come is asked for again."""

MAX_HELD = 1_024
MAX_HELD_BYTES = 67_108_864
"""Batches and bytes kept behind a gap; more are dropped, and asked for when it is closed."""


class Change(NamedTuple):
    """A change of condition. GAP: the messages from `first` to before `next` are missing."""

    condition: LinkCondition
    first: int
    next: int
    text: str


class Wanted(NamedTuple):
    """What has to be asked for."""

    first: int
    next: int
    kind: RecoveryKind


@attrs.define
class ReceiverCounts:
    """What a receiver has met since it was made. `messages` are those that it handed on."""

    messages: int = 0
    duplicates: int = 0
    gaps: int = 0
    resets: int = 0


class Receiver:
    """Puts batches in order and hands each on once. Times are ns of one monotonic clock, given with each call.

    The conditions: OK; GAP while messages are missing (they are asked for, again every 100 ms); STALE when nothing
    was heard for three heartbeats; RESET when the state was taken anew, from a snapshot or at the sender's next start,
    after which it is OK again. `drain_changes` gives those that came about since the last call.
    """

    def __init__(self) -> None:
        self.boot_id = 0
        self.expected = 0
        """The next sequence that is to come; 0 while it is not known."""
        self.condition = LinkCondition.STALE
        self.counts = ReceiverCounts()
        self._held: dict[int, Batch] = {}
        self._known_next = 0
        self._heard_ns: int | None = None
        self._asked_ns: int | None = None
        self._knew_state = False
        self._changes: list[Change] = []

    def welcome(self, boot_id: int, next_sequence: int, now_ns: int) -> None:
        """The sender said which start it is of, and from which sequence it sends on."""
        if boot_id != self.boot_id or next_sequence != self.expected:
            self.boot_id, self.expected = boot_id, 0
            self._held.clear()
            self._known_next = 0
        self._asked_ns = now_ns
        self.heard(now_ns)

    def rewind(self, sequence: int) -> None:
        """What was handed on from `sequence` on was not dealt with: it has to come once more."""
        self.expected = min(self.expected, sequence)
        self._held.clear()

    def refuse(self, batches: Sequence[Batch]) -> None:
        """Batches that were handed on could not be read, or not be carried: they have to come once more."""
        self.rewind(0 if batches[0].flags & SNAPSHOT else batches[0].first)

    def take(self, batch: Batch, now_ns: int) -> list[Batch]:
        """A batch has come. Returns those that are next in order, to be handed on at once."""
        if batch.boot_id != self.boot_id:
            return []
        ready: list[Batch] = []
        if batch.flags & SNAPSHOT:
            if self.expected and batch.first <= self.expected:
                self.counts.duplicates += batch.messages
            else:
                self._reset(batch)
                ready.append(batch)
        elif self.expected and batch.next <= self.expected:
            self.counts.duplicates += batch.messages
        elif self.expected and batch.first <= self.expected:
            ready.append(batch)
            self.expected = batch.next
        else:
            self._known_next = max(self._known_next, batch.next)
            if self._has_room(batch):
                self._held[batch.first] = batch
        ready += self._next_held()
        self.counts.messages += sum(one.messages for one in ready)
        self.heard(now_ns)
        return ready

    def heartbeat(self, boot_id: int, next_sequence: int, now_ns: int) -> None:
        """The sender is alive and has sent everything before `next_sequence`."""
        if boot_id == self.boot_id:
            self._known_next = max(self._known_next, next_sequence)
        self.heard(now_ns)

    def heard(self, now_ns: int) -> None:
        """Something has come from the sender: it is alive."""
        self._heard_ns = now_ns
        if not self.expected:
            return
        if self._missing():
            self._turn(LinkCondition.GAP, f"{self._gap_end() - self.expected} messages are missing")
        else:
            text = {LinkCondition.GAP: "the gap is closed", LinkCondition.STALE: "heard again"}
            self._turn(LinkCondition.OK, text.get(self.condition, "in order"))

    def tick(self, now_ns: int) -> None:
        """Time has passed."""
        if self._heard_ns is None:
            self._heard_ns = now_ns
        elif now_ns - self._heard_ns > STALE_NS:
            self._turn(LinkCondition.STALE, f"nothing was heard for {(now_ns - self._heard_ns) // NS_PER_MS} ms")

    def wanted(self, now_ns: int) -> Wanted | None:
        """What has to be asked for now; None if nothing is missing or it was asked for just before."""
        if self.boot_id == 0 or not (self._missing() or not self.expected):
            return None
        if self._asked_ns is not None and now_ns - self._asked_ns < RETRY_NS:
            return None
        self._asked_ns = now_ns
        if not self.expected:
            return Wanted(0, 0, RecoveryKind.SNAPSHOT)
        return Wanted(self.expected, self._gap_end(), RecoveryKind.RETRANSMISSION)

    def drain_changes(self) -> list[Change]:
        """The changes of condition since the last call."""
        changes, self._changes = self._changes, []
        return changes

    def _has_room(self, batch: Batch) -> bool:
        held = sum(len(one.frames) for one in self._held.values())
        return len(self._held) < MAX_HELD and held + len(batch.frames) <= MAX_HELD_BYTES

    def _missing(self) -> bool:
        return self._known_next > self.expected

    def _gap_end(self) -> int:
        return min(self._held, default=self._known_next)

    def _reset(self, snapshot: Batch) -> None:
        first = self.expected
        self.expected = snapshot.first
        self._known_next = max(self._known_next, snapshot.first)
        if self._knew_state:
            self.counts.resets += 1
            self._changes.append(Change(LinkCondition.RESET, first, snapshot.first, "the state was taken anew"))
            self.condition = LinkCondition.RESET
        self._knew_state = True

    def _next_held(self) -> list[Batch]:
        ready: list[Batch] = []
        if self.expected and self._held:
            for first in sorted(self._held):
                batch = self._held[first]
                if first > self.expected:
                    break
                del self._held[first]
                if batch.next > self.expected:
                    ready.append(batch)
                    self.expected = batch.next
                else:
                    self.counts.duplicates += batch.messages
        return ready

    def _turn(self, condition: LinkCondition, text: str) -> None:
        if condition is self.condition:
            return
        if condition is LinkCondition.GAP:
            self.counts.gaps += 1
            self._asked_ns = None
        self.condition = condition
        end = self._gap_end() if condition is LinkCondition.GAP else self.expected
        self._changes.append(Change(condition, self.expected, end, text))
